import { type SQL, sql } from 'drizzle-orm';
import type { Query, QueryItem } from '../../domain/query.ts';
import type { ReadOptions } from '../../persistence/event-store.ts';
import { plainArray, textArray } from './array-literal.ts';
import type { LivefoldTables } from './tables.ts';

/** Which part of the events that match is meant: the first `limit` of them, in the order asked for. */
export type PageRange = Pick<ReadOptions, 'after' | 'before' | 'asOf' | 'backwards'> & {
  readonly limit: number;
};

/**
 * The first events of a range that match a query, with their columns' own names. There are three ways, and each goes along an
 * index in the right order and stops at the limit, whatever statistics say: by streams, by tags and streams, by the log.
 *
 * Types alone have no index: few events of a type among many are found by walking the log. One on (type, position) would find them at once, but each event
 * that is appended would pay for that for ever. Who follows the log has read what comes anyway, a condition looks only at what came since
 * the decision, and what is looked for among old events may have a tag.
 */
export function pageSource(tables: LivefoldTables, { items }: Query, range: PageRange): SQL {
  if (items.length > 0 && items.every(isWholeStream)) return streamsSource(tables, items, range);
  // One item that has neither needs the whole log anyway.
  const isIndexed = items.every(({ stream, tags = [] }) => stream !== undefined || tags.length > 0);
  return items.length > 0 && isIndexed
    ? positionsSource(tables, items, range)
    : logSource(tables, items, range);
}

function isWholeStream({ stream, types, tags }: QueryItem): boolean {
  return stream !== undefined && types === undefined && tags === undefined;
}

function streamsSource({ events }: LivefoldTables, items: readonly QueryItem[], range: PageRange): SQL {
  const versions = new Map<string, number>();
  for (const { stream = '', afterVersion = 0 } of items)
    versions.set(stream, Math.min(afterVersion, versions.get(stream) ?? afterVersion));
  // In selects of their own the arrays have no length that is known beforehand, so that Postgres keeps one plan: making it
  // takes longer than running it.
  const streams = sql`unnest((select ${textArray([...versions.keys()])}::text[]), (select ${plainArray([...versions.values()])}::bigint[])) as s(stream, version)`;
  const matching = sql`e.stream = s.stream and e.version > s.version and ${inRange(range)}`;
  return sql`select e.* from ${streams} cross join lateral (
    select * from ${events} as e where ${matching} order by e.version ${direction(range)} limit ${range.limit}) as e
    order by e.position ${direction(range)} limit ${range.limit}`;
}

function positionsSource(tables: LivefoldTables, items: readonly QueryItem[], range: PageRange): SQL {
  const parts = items.map((item) =>
    item.stream === undefined ? taggedPositions(tables, item, range) : streamPositions(tables, item, range),
  );
  const positions = sql.join(
    parts.map((part) => sql`(${part})`),
    sql` union `,
  );
  return sql`select e.* from ${tables.events} as e where e.position = any (array(${positions}))
    order by e.position ${direction(range)} limit ${range.limit}`;
}

/** Of several tags the rarest is walked: the first may be on every event of the log. */
function taggedPositions(
  { events, tags, schema }: LivefoldTables,
  item: QueryItem,
  { asOf, ...range }: PageRange,
): SQL {
  const { tags: wanted = [], types } = item;
  const rarest = sql`${sql.identifier(schema.schemaName)}.rarest_tag(${textArray(wanted)}::text[], ${range.after ?? 0}::bigint)`;
  const tag = wanted.length === 1 ? sql`${wanted[0]}` : sql`(select ${rarest})`;
  // What only the event itself can tell.
  const filter =
    wanted.length > 1 || types !== undefined || asOf !== undefined
      ? sql`and (select ${sql.join([...filters(item), ...recordedBy(asOf)], sql` and `)} from ${events} as e where e.position = t.position)`
      : sql``;
  return sql`select t.position from ${tags} as t where t.tag = ${tag} and ${inRange(range, sql`t`)} ${filter}
    order by t.position ${direction(range)} limit ${range.limit}`;
}

function streamPositions({ events }: LivefoldTables, item: QueryItem, range: PageRange): SQL {
  const matching = sql.join([inRange(range), ...filters(item)], sql` and `);
  return sql`select e.position from ${events} as e where e.stream = ${item.stream} and e.version > ${item.afterVersion ?? 0} and ${matching}
    order by e.version ${direction(range)} limit ${range.limit}`;
}

function logSource({ events }: LivefoldTables, items: readonly QueryItem[], range: PageRange): SQL {
  const any = items.map((item) => {
    const { stream, afterVersion = 0 } = item;
    const ofStream = stream === undefined ? [] : [sql`e.stream = ${stream} and e.version > ${afterVersion}`];
    return sql`(${sql.join([...ofStream, ...filters(item), sql`true`], sql` and `)})`;
  });
  const matching = any.length === 0 ? sql`` : sql`and (${sql.join(any, sql` or `)})`;
  return sql`select e.* from ${events} as e where ${inRange(range)} ${matching}
    order by e.position ${direction(range)} limit ${range.limit}`;
}

function filters({ types, tags = [] }: QueryItem): readonly SQL[] {
  return [
    ...(types === undefined ? [] : [sql`e.type = any (${textArray(types)}::text[])`]),
    ...(tags.length === 0 ? [] : [sql`e.tags @> ${textArray(tags)}::text[]`]),
  ];
}

function inRange({ after = 0, before, asOf }: PageRange, relation: SQL = sql`e`): SQL {
  const parts = [
    sql`${relation}.position > ${after}`,
    ...(before === undefined ? [] : [sql`${relation}.position < ${before}`]),
    ...recordedBy(asOf),
  ];
  return sql.join(parts, sql` and `);
}

function recordedBy(asOf: Date | undefined): readonly SQL[] {
  return asOf === undefined ? [] : [sql`e.recorded_at <= ${asOf.toISOString()}`];
}

function direction({ backwards = false }: PageRange): SQL {
  return backwards ? sql`desc` : sql`asc`;
}
