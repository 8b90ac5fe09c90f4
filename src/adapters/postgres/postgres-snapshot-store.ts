import { type SQL, sql } from 'drizzle-orm';
import type { StoredEvent } from '../../domain/event.ts';
import type {
  Snapshot,
  SnapshotSelection,
  SnapshotStore,
  StreamTail,
} from '../../persistence/snapshot-store.ts';
import { textArray } from './array-literal.ts';
import { cancellable } from './cancel-queries.ts';
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

  // One row for each event behind the snapshot, or one without an event; the state comes with the first alone.
  const isFirst = sql`(e.version is null or e.version = s.version + 1)`;
  const columns = fixed(
    sql`q.stream, s.version, s.position, s.schema_version, case when ${isFirst} then s.state end, case when ${isFirst} then s.sealed end, s.subjects, ${eventColumns(events)}`,
  );
  const tails = fixed(sql`left join ${snapshots} as s on s.stream = q.stream
    left join ${events} as e on e.stream = q.stream and e.version > coalesce(s.version, 0)`);

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

    loadTails: (streams, { transaction = session, signal } = {}) =>
      translated('loading streams', async () => {
        if (streams.length === 0) return [];
        const asked = textArray([...new Set(streams)]);
        // In a select of its own the array has no length that is known beforehand, so that Postgres keeps one plan: making it takes longer than running it.
        const statement = sql`select ${columns} from unnest((select ${asked}::text[])) as q(stream) ${tails}`;
        const rows = await cancellable(signal, () => run(transaction, statement, decodeTailRow));
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

type TailRow = {
  readonly stream: string;
  readonly snapshot: Snapshot | null;
  readonly event: StoredEvent | null;
};

function tailsOf(streams: readonly string[], rows: readonly TailRow[]): readonly StreamTail[] {
  const found = new Map<string, { snapshot: Snapshot | null; events: StoredEvent[] }>();
  for (const stream of streams) found.set(stream, { snapshot: null, events: [] });
  for (const { stream, snapshot, event } of rows) {
    const tail = found.get(stream);
    if (tail === undefined) continue;
    tail.snapshot ??= snapshot;
    if (event !== null) tail.events.push(event);
  }
  // They come by index and so in order, which SQL does not promise; sorting what is sorted costs next to nothing.
  for (const { events } of found.values()) events.sort((one, other) => one.version - other.version);
  return streams.map((stream) => ({ stream, ...(found.get(stream) ?? { snapshot: null, events: [] }) }));
}

function decodeTailRow(row: readonly unknown[]): TailRow {
  const [stream, version, position, schemaVersion, state, sealed, subjects, ...event] =
    row as unknown as TailValues;
  const isEvent = event[0] !== null;
  const isFirst = !isEvent || event[3] === (version ?? 0) + 1;
  return {
    stream,
    snapshot:
      version === null || !isFirst
        ? null
        : {
            ...{ stream, version, position, schemaVersion, subjects },
            state: sealed === null ? state : plainBytes(sealed),
          },
    event: isEvent ? decodeEvent(event) : null,
  };
}

type TailValues = readonly [
  ...[stream: string, version: number | null, position: number, schemaVersion: number, state: unknown],
  ...[sealed: Uint8Array | null, subjects: readonly string[]],
  ...event: readonly unknown[],
];

/** Names of aggregates contain no hyphen, so that one's streams are those from `Name-` up to the next character's, `Name.`. */
function isMeant(which: SnapshotSelection): SQL {
  if (which === 'all') return sql`true`;
  if ('streams' in which) return sql`stream = any (${textArray(which.streams)}::text[])`;
  return sql`stream >= ${`${which.aggregate}-`} and stream < ${`${which.aggregate}.`}`;
}
