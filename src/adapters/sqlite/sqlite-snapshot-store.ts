import type { SnapshotSelection, SnapshotStore, StreamTail } from '../../persistence/snapshot-store.ts';
import type { Connection } from './connection.ts';
import { decodeEvent, decodeValue, type EventRow, encodeValue, eventColumns } from './event-row.ts';
import { selectItem } from './select-item.ts';
import { type Sql, sql } from './sql.ts';
import type { SqliteFile } from './sqlite-file.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';

type SnapshotRow = readonly [
  version: number,
  position: number,
  schemaVersion: number,
  state: string | null,
  sealed: Uint8Array | null,
  subjects: string,
];

export function createSqliteSnapshotStore(file: SqliteFile): SnapshotStore<SqliteTransaction> {
  return {
    async save({ stream, version, position, schemaVersion, state, subjects }) {
      const [text, bytes] = encodeValue(state);
      // Of one version, a state of the newer shape is the newer one.
      const statement = sql`
        insert into snapshots (stream, version, position, schema_version, state, sealed, subjects)
        values (${stream}, ${version}, ${position}, ${schemaVersion}, ${text}, ${bytes}, ${JSON.stringify(subjects)})
        on conflict (stream) do update set
          version = excluded.version, position = excluded.position, schema_version = excluded.schema_version,
          state = excluded.state, sealed = excluded.sealed, subjects = excluded.subjects
        where (excluded.version, excluded.schema_version) > (snapshots.version, snapshots.schema_version)`;
      await file.write('saving a snapshot', (connection) => connection.execute(statement));
    },

    async loadTails(streams, { transaction } = {}) {
      return file.read(
        'loading streams',
        (connection) => connection.atOneTime(() => streams.map((stream) => loadTail(connection, stream))),
        { transaction },
      );
    },

    deleteSnapshots: (which) =>
      file.write('deleting snapshots', (connection) =>
        connection.execute(sql`delete from snapshots ${isSelected(which)}`),
      ),
  };
}

function loadTail(connection: Connection, stream: string): StreamTail {
  const row = connection.get<SnapshotRow>(
    'select version, position, schema_version, state, sealed, subjects from snapshots where stream = ?',
    stream,
  );
  const statement = selectItem(
    connection,
    { stream, afterVersion: row?.[0] ?? 0 },
    { columns: eventColumns, range: { after: 0, before: Number.MAX_SAFE_INTEGER }, limit: -1 },
  );
  const events = connection.select<EventRow>(statement).map(decodeEvent);
  if (row === undefined) return { stream, snapshot: null, events };
  const [version, position, schemaVersion, state, sealed, subjects] = row;
  const snapshot = {
    stream,
    version,
    position,
    schemaVersion,
    state: decodeValue(state, sealed),
    subjects: JSON.parse(subjects),
  };
  return { stream, snapshot, events };
}

function isSelected(which: SnapshotSelection): Sql {
  if (which === 'all') return sql``;
  if ('streams' in which)
    return sql`where stream in (select value from json_each(${JSON.stringify(which.streams)}))`;
  // A stream is its aggregate's name, a hyphen and an id; what follows on the hyphen in ASCII is the dot.
  return sql`where stream >= ${`${which.aggregate}-`} and stream < ${`${which.aggregate}.`}`;
}
