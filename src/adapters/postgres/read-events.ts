import { and, eq, gt, or, type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { StoredEvent } from '../../domain/event.ts';
import type { Query, QueryItem } from '../../domain/query.ts';
import { throwIfAborted } from '../../kernel/async.ts';
import { flattenPages } from '../../kernel/flatten-pages.ts';
import type { ReadOptions } from '../../persistence/event-store.ts';
import { textArray } from './array-literal.ts';
import type { Session } from './database.ts';
import { fixed, run } from './statement.ts';
import type { LivefoldTables } from './tables.ts';
import { translateReadError } from './translate-error.ts';

/** So many events come in one round trip: a stream of ordinary length in one, a long log in flat memory. */
const pageSize = 8_000;

/** Reads the events that match a query, a page in each round trip, in log order. */
export function readEvents(
  session: Session,
  tables: LivefoldTables,
  query: Query,
  options: ReadOptions = {},
): AsyncIterable<StoredEvent> {
  return flattenPages(readPages(session, tables, query, options));
}

async function* readPages(
  session: Session,
  tables: LivefoldTables,
  query: Query,
  options: ReadOptions,
): AsyncGenerator<readonly StoredEvent[]> {
  let { after, before, limit = Number.POSITIVE_INFINITY } = options;
  while (limit > 0) {
    throwIfAborted(options.signal);
    const size = Math.min(limit, pageSize);
    const page = await readPageOrFail(session, tables, query, {
      ...options,
      ...(after === undefined ? {} : { after }),
      ...(before === undefined ? {} : { before }),
      limit: size,
    });
    yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < size) return;
    if (options.backwards === true) before = last.position;
    else after = last.position;
    limit -= page.length;
  }
}

async function readPageOrFail(...given: Parameters<typeof readPage>): Promise<readonly StoredEvent[]> {
  try {
    return await readPage(...given);
  } catch (error) {
    throw translateReadError(error, 'reading events');
  }
}

/** One page: at most `limit` events. */
async function readPage(
  session: Session,
  { events, tags }: LivefoldTables,
  query: Query,
  { after, before, asOf, limit = pageSize, backwards = false }: ReadOptions,
): Promise<readonly StoredEvent[]> {
  const streams = query.items.map(({ stream }) => stream);
  // Behind a stream's own index, ordering by the bare position would tempt the planner to walk the whole log for a page.
  const order =
    streams.length > 0 && streams.every((stream) => stream !== undefined) ? sql`position + 0` : sql`position`;
  const conditions = [
    after === undefined ? undefined : sql`position > ${after}`,
    before === undefined ? undefined : sql`position < ${before}`,
    asOf === undefined ? undefined : sql`recorded_at <= ${asOf.toISOString()}`,
    matchesQuery({ events, tags }, query, after ?? 0),
  ].filter((condition) => condition !== undefined);
  const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`;
  return run(
    session,
    sql`${selectFrom(events)} ${where} order by ${order} ${backwards ? sql`desc` : sql`asc`} limit ${limit}`,
    decodeEvent,
  );
}

type EventsTable = LivefoldTables['events'];
const selects = new WeakMap<EventsTable, SQL>();

/** `select … from events`, the columns in the order in which `decodeEvent` takes them; times in milliseconds since 1970. */
function selectFrom(events: EventsTable): SQL {
  const kept = selects.get(events);
  if (kept !== undefined) return kept;
  const milliseconds = (time: PgColumn): SQL => sql`date_part('epoch', ${time}) * 1000`;
  const {
    position,
    id,
    stream,
    version,
    type,
    schemaVersion,
    data,
    tags,
    correlationId,
    causationId,
    actor,
    tenant,
    metadata,
    occurredAt,
    recordedAt,
  } = events;
  const columns = [
    position,
    id,
    stream,
    version,
    type,
    schemaVersion,
    data,
    tags,
    correlationId,
    causationId,
    actor,
    tenant,
    metadata,
    milliseconds(occurredAt),
    milliseconds(recordedAt),
  ];
  const made = fixed(sql`select ${sql.join(columns, sql`, `)} from ${events}`);
  selects.set(events, made);
  return made;
}

function decodeEvent(row: readonly unknown[]): StoredEvent {
  // The driver's own parsers made each value what its column's type says.
  const [
    position,
    id,
    stream,
    version,
    type,
    schemaVersion,
    data,
    tags,
    correlationId,
    causationId,
    actor,
    tenant,
    metadata,
    occurred,
    recorded,
  ] = row as unknown as EventRow;
  // Seconds as a float are exact to less than a microsecond; rounding takes back what the multiplication adds.
  const occurredAt = new Date(Math.round(occurred));
  return {
    position,
    id,
    stream,
    version,
    type,
    schemaVersion,
    data,
    tags,
    correlationId,
    causationId,
    actor,
    tenant,
    metadata,
    occurredAt,
    recordedAt: new Date(Math.round(recorded)),
  };
}

type Nullable = string | null;
type EventRow = [
  position: number,
  id: string,
  stream: string,
  version: number,
  type: string,
  schemaVersion: number,
  data: unknown,
  tags: readonly string[],
  correlationId: Nullable,
  causationId: Nullable,
  actor: Nullable,
  tenant: Nullable,
  metadata: StoredEvent['metadata'],
  occurredAt: number,
  recordedAt: number,
];

type QueryTables = Pick<LivefoldTables, 'events' | 'tags'>;

function matchesQuery(tables: QueryTables, { items }: Query, after: number): SQL | undefined {
  const streams = items.map(({ stream }) => stream).filter((stream) => stream !== undefined);
  const isStreamsOnly = items.every(
    ({ stream, types, tags }) => stream !== undefined && types === undefined && tags === undefined,
  );
  if (items.length > 0 && isStreamsOnly)
    return sql`${tables.events.stream} = any (${textArray(streams)}::text[])`;
  // Walking the tags' own index pays only when every item has a tag; one item without needs the whole log anyway.
  const isTagged = items.every(({ tags = [] }) => tags.length > 0);
  if (items.length > 0 && isTagged)
    return and(taggedPositions(tables, items, after), or(...items.map((item) => matchesItem(tables, item))));
  return items.length === 0 ? undefined : or(...items.map((item) => matchesItem(tables, item)));
}

/** The positions of all events that carry the first tag of one of the items. */
function taggedPositions({ events, tags }: QueryTables, items: readonly QueryItem[], after: number): SQL {
  const first = [...new Set(items.map(({ tags: [tag = ''] = [] }) => tag))];
  return sql`${events.position} in (select ${tags.position} from ${tags} where ${tags.tag} = any (${textArray(first)}::text[]) and ${gt(tags.position, after)})`;
}

function matchesItem({ events }: QueryTables, { types, tags, stream }: QueryItem): SQL {
  const parts = [
    stream === undefined ? undefined : eq(events.stream, stream),
    types === undefined ? undefined : sql`${events.type} = any (${textArray(types)}::text[])`,
    tags === undefined ? undefined : sql`${events.tags} @> ${textArray(tags)}::text[]`,
  ];
  return and(...parts) ?? sql`true`;
}
