import { type SQL, sql } from 'drizzle-orm';
import type { StoredEvent } from '../../domain/event.ts';
import type {
  Snapshot,
  SnapshotSelection,
  SnapshotStore,
  StreamTail,
} from '../../persistence/snapshot-store.ts';
import { textArray } from './array-literal.ts';
import type { Database, Session } from './database.ts';
import { encodeContent } from './encode-batch.ts';
import { decodeEvent, eventColumns, plainBytes } from './event-columns.ts';
import { fixed, run } from './statement.ts';
import { defaultSchema, livefoldTables } from './tables.ts';
import { translated } from './translate-error.ts';

/** Snapshots in Postgres, beside one application's log. */
export function createPostgresSnapshotStore(
  { session }: Pick<Database, 'session'>,
  schema: string = defaultSchema,
): SnapshotStore<Session> {
  const { events, snapshots } = livefoldTables(schema);

  // A snapshot comes as a row like an event's, without an id.
  const tails =
    fixed(sql`left join lateral (select * from ${snapshots} as s where s.stream = q.stream offset 0) as s on true cross join lateral (
    select s.position, null::uuid, s.stream, s.version, null::text, s.schema_version, s.state, s.sealed, s.subjects,
      null::text, null::text, null::text, null::text, null::jsonb, null::float8, null::float8
    where s.stream is not null
    union all
    select ${eventColumns(events)} from ${events} as e where e.stream = q.stream and e.version > coalesce(s.version, 0)) as r`);

  return {
    save: (snapshot) =>
      translated('saving a snapshot', async () => {
        const { stream, version, position, schemaVersion, state, subjects } = snapshot;
        const { plain, sealed } = encodeContent(state);
        await run(
          session,
          sql`insert into ${snapshots} as s (stream, version, position, schema_version, state, sealed, subjects)
            values (${stream}, ${version}, ${position}, ${schemaVersion}, ${plain}::text::jsonb, decode(${sealed}, 'base64'), ${textArray(subjects)}::text[])
            on conflict (stream) do update set version = excluded.version, position = excluded.position, schema_version = excluded.schema_version,
              state = excluded.state, sealed = excluded.sealed, subjects = excluded.subjects
            where (s.version, s.schema_version) < (excluded.version, excluded.schema_version)`,
          () => undefined,
        );
      }),

    loadTails: (streams, { transaction = session } = {}) =>
      translated('loading streams', async () => {
        if (streams.length === 0) return [];
        const asked = textArray([...new Set(streams)]);
        const rows = await run(
          transaction,
          // In a select of its own the array has no length that is known beforehand, so that Postgres keeps one plan: making it takes longer than running it.
          sql`select r.* from unnest((select ${asked}::text[])) as q(stream) ${tails}`,
          (row) => (row[1] === null ? decodeSnapshot(row) : decodeEvent(row)),
        );
        return tailsOf(streams, rows);
      }),

    deleteSnapshots: (which) =>
      translated('deleting snapshots', async () => {
        const [count = 0] = await run(
          session,
          sql`with gone as (delete from ${snapshots} where ${isMeant(which)} returning 1) select count(*) from gone`,
          (row) => Number(row[0]),
        );
        return count;
      }),
  };
}

function tailsOf(
  streams: readonly string[],
  rows: readonly (Snapshot | StoredEvent)[],
): readonly StreamTail[] {
  const found = new Map<string, { snapshot: Snapshot | null; events: StoredEvent[] }>();
  for (const stream of streams) found.set(stream, { snapshot: null, events: [] });
  for (const row of rows) {
    const tail = found.get(row.stream);
    if (tail === undefined) continue;
    if ('state' in row) tail.snapshot = row;
    else tail.events.push(row);
  }
  // They come by index and so in order, which SQL does not promise; sorting what is sorted costs next to nothing.
  for (const { events } of found.values()) events.sort((one, other) => one.version - other.version);
  return streams.map((stream) => ({ stream, ...(found.get(stream) ?? { snapshot: null, events: [] }) }));
}

function decodeSnapshot(row: readonly unknown[]): Snapshot {
  // Position, stream, version and so on stand where an event has its own; see the statement.
  const [position, , stream, version, , schemaVersion, state, sealed, subjects] =
    row as unknown as SnapshotRow;
  return {
    stream,
    version,
    position,
    schemaVersion,
    state: sealed === null ? state : plainBytes(sealed),
    subjects,
  };
}

type SnapshotRow = readonly [
  ...[position: number, id: null, stream: string, version: number, type: null, schemaVersion: number],
  ...[state: unknown, sealed: Uint8Array | null, subjects: readonly string[]],
];

/** Names of aggregates contain no hyphen, so that one's streams are those from `Name-` up to the next character's, `Name.`. */
function isMeant(which: SnapshotSelection): SQL {
  if (which === 'all') return sql`true`;
  if ('streams' in which) return sql`stream = any (${textArray(which.streams)}::text[])`;
  return sql`stream >= ${`${which.aggregate}-`} and stream < ${`${which.aggregate}.`}`;
}
