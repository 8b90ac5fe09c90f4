import type { QueryItem } from '../../domain/query.ts';
import { lowest } from '../../kernel/lowest.ts';
import type { Connection } from './connection.ts';
import { joinSql, type Sql, sql } from './sql.ts';

/** Both ends are exclusive. */
export type Range = { readonly after: number; readonly before: number; readonly backwards?: boolean };

export type Selection = {
  /** Of the table `events e`. */
  readonly columns: Sql;
  readonly range: Range;
  /** −1 for no limit. */
  readonly limit: number;
};

/** The events that match one item of a query, by the narrowest way there is: the stream's, the rarest tag's, or the log itself. */
export function selectItem(connection: Connection, item: QueryItem, selection: Selection): Sql {
  const { stream, tags = [] } = item;
  if (stream !== undefined) return selectFromStream(connection, { ...item, stream }, selection);
  const tag = findRarest(connection, tags, selection.range);
  return tag === undefined ? selectFromLog(item, selection) : selectFromTag(item, tag, selection);
}

function selectFromStream(
  connection: Connection,
  item: QueryItem & { readonly stream: string },
  { columns, range, limit }: Selection,
): Sql {
  const { stream, afterVersion = 0 } = item;
  const last = versionBefore(connection, stream, range.before);
  const first = Math.max(afterVersion, versionBefore(connection, stream, range.after + 1));
  return sql`select ${columns} from events e
    where e.stream = ${stream} and e.version > ${first} and e.version <= ${last} ${typeIs(item)} ${tagsAre(item.tags)}
    order by e.version ${direction(range)} limit ${limit}`;
}

function selectFromTag(item: QueryItem, tag: string, { columns, range, limit }: Selection): Sql {
  const others = item.tags?.filter((other) => other !== tag);
  // `cross join` keeps SQLite from beginning with the log.
  return sql`select ${columns} from tags t cross join events e on e.position = t.position
    where t.tag = ${tag} and t.position > ${range.after} and t.position < ${range.before} ${typeIs(item)} ${tagsAre(others)}
    order by t.position ${direction(range)} limit ${limit}`;
}

function selectFromLog(item: QueryItem, { columns, range, limit }: Selection): Sql {
  return sql`select ${columns} from events e
    where e.position > ${range.after} and e.position < ${range.before} ${typeIs(item)}
    order by e.position ${direction(range)} limit ${limit}`;
}

/**
 * The version of a stream's last event before a position. The index of streams knows the position of each version, and is
 * sorted by both: a search, where a condition on the position would walk the stream from its start for each page.
 */
function versionBefore(connection: Connection, stream: string, position: number): number {
  const row = connection.get<[number, number]>(
    'select version, position from events where stream = ? order by version desc limit 1',
    stream,
  );
  if (row === undefined || position <= 1) return 0;
  if (row[1] < position) return row[0];
  const first = lowest(1, row[0], (version) => {
    const found = connection.get<[number]>(
      'select position from events where stream = ? and version = ?',
      stream,
      version,
    );
    return found === undefined || found[0] >= position;
  });
  return first - 1;
}

/** Counting further would cost more than the better choice saves. */
const mostCounted = 1_000;

/** The tag that the fewest events of the range carry, as far as is counted. */
function findRarest(connection: Connection, tags: readonly string[], range: Range): string | undefined {
  let [rarest] = tags;
  let fewest = tags.length > 1 ? mostCounted : 0;
  for (const tag of fewest === 0 ? [] : tags) {
    const [count = 0] =
      connection.get<[number]>(
        'select count(*) from (select 1 from tags where tag = ? and position > ? and position < ? limit ?)',
        tag,
        range.after,
        range.before,
        fewest,
      ) ?? [];
    if (count < fewest) [rarest, fewest] = [tag, count];
  }
  return rarest;
}

function typeIs({ types }: QueryItem): Sql {
  if (types === undefined) return sql``;
  const values = types.map((type) => sql`${type}`);
  return sql`and e.type in (${joinSql(values, ', ')})`;
}

function tagsAre(tags: readonly string[] = []): Sql {
  return joinSql(
    tags.map(
      (tag) => sql`and exists (select 1 from tags o where o.tag = ${tag} and o.position = e.position)`,
    ),
  );
}

function direction({ backwards = false }: Range): Sql {
  return backwards ? sql`desc` : sql`asc`;
}
