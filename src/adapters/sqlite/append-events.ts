import { createId } from '../../kernel/ids.ts';
import type { AppendItem, Receipt } from '../../persistence/event-store.ts';
import { judgeAppend, receiptOf } from '../../persistence/judge-append.ts';
import type { StoredCommand } from '../../persistence/log-archive.ts';
import type { Connection } from './connection.ts';
import { insertEvent } from './event-row.ts';
import { SqliteLog } from './sqlite-log.ts';

/** Judges one append and stores it, behind the last event that the lock lets one see. */
export function appendEvents(connection: Connection, item: AppendItem, now: Date): Receipt {
  const log = new SqliteLog(connection);
  const known = judgeAppend(item, log);
  if (known !== undefined) return receiptOfCommand(connection, known);
  const last = log.last();
  // A clock that was set back must not make recorded times fall along the log.
  const recordedAt = new Date(Math.max(now.getTime(), last?.recorded ?? now.getTime()));
  const versions = new Map<string, number>();
  let position = last?.position ?? 0;
  const stored = item.events.map((event) => {
    const version = (versions.get(event.stream) ?? log.versionOf(event.stream)) + 1;
    versions.set(event.stream, version);
    position += 1;
    const placed = { ...event, position, version, recordedAt };
    insertEvent(connection, placed);
    return placed;
  });
  if (item.command !== undefined)
    insertCommand(connection, { ...item.command, position, events: stored.length });
  for (const subject of item.forget ?? []) destroyKey(connection, subject);
  return receiptOf(stored, { position, duplicate: false });
}

/** The receipt of a command that was carried out before. */
export function receiptOfCommand(connection: Connection, { position, events }: StoredCommand): Receipt {
  const rows = connection.all<[string, string, number]>(
    'select id, stream, version from events where position > ? and position <= ? order by position',
    position - events,
    position,
  );
  const stored = rows.map(([id, stream, version]) => ({ id, stream, version }));
  return receiptOf(stored, { position, duplicate: true });
}

export function insertCommand(connection: Connection, command: StoredCommand): void {
  const { id, fingerprint, position, events } = command;
  connection.run(
    'insert into commands (id, fingerprint, position, events) values (?, ?, ?, ?)',
    id,
    fingerprint,
    position,
    events,
  );
}

/** A subject without a key gets a destroyed one, so that it never gets another. */
function destroyKey(connection: Connection, subject: string): void {
  connection.run(
    `insert into keys (id, subject, master_id, wrapped) values (?, ?, '', null)
     on conflict (subject) do update set wrapped = null`,
    createId(),
    subject,
  );
}
