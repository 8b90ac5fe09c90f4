import type { StoredEvent } from '../../domain/event.ts';
import type { Query, QueryItem } from '../../domain/query.ts';
import { nextTurn, throwIfAborted } from '../../kernel/async.ts';
import type { ReadOptions } from '../../persistence/event-store.ts';
import type { Connection } from './connection.ts';
import { decodeEvent, type EventRow, eventColumns } from './event-row.ts';
import { type Range, selectItem } from './select-item.ts';
import { sql } from './sql.ts';
import type { SqliteFile } from './sqlite-file.ts';
import { SqliteLog } from './sqlite-log.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';

/** So many events are read at once: some two milliseconds, in which nothing else of the process runs. */
const pageSize = 1_000;

/** The events that match a query, a page at a time. Nothing stays open between two pages. */
export async function* readPages(
  file: SqliteFile,
  query: Query,
  options: ReadOptions<SqliteTransaction>,
): AsyncGenerator<readonly StoredEvent[]> {
  const { asOf, backwards = false, limit = Number.POSITIVE_INFINITY, signal, transaction } = options;
  const read = <Result>(work: (connection: Connection) => Result): Result =>
    file.read('reading events', work, { transaction });
  throwIfAborted(signal);
  const end = asOf === undefined ? Number.MAX_SAFE_INTEGER : read((one) => new SqliteLog(one).endOf(asOf));
  let { after = 0, before = end } = options;
  before = Math.min(before, end);
  for (let left = limit; left > 0; left -= pageSize) {
    const size = Math.min(left, pageSize);
    // SQLite answers at once: a reader would go on from page to page without letting anybody else of the process have a turn.
    await nextTurn();
    throwIfAborted(signal);
    const page = read((connection) => readPage(connection, query, { after, before, backwards }, size));
    yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < size) return;
    if (backwards) before = last.position;
    else after = last.position;
  }
}

function readPage(
  connection: Connection,
  { items }: Query,
  range: Range,
  limit: number,
): readonly StoredEvent[] {
  const [item = {}, ...others] = items;
  if (others.length > 0) return connection.atOneTime(() => readUnion(connection, items, range, limit));
  const statement = selectItem(connection, item, { columns: eventColumns, range, limit });
  return connection.select<EventRow>(statement).map(decodeEvent);
}

/** The first events that match any of several items, each of which is looked up in its own way. */
function readUnion(
  connection: Connection,
  items: readonly QueryItem[],
  range: Range,
  limit: number,
): readonly StoredEvent[] {
  const columns = sql`e.position`;
  const found = items.flatMap((item) =>
    connection.select<[number]>(selectItem(connection, item, { columns, range, limit })),
  );
  const direction = range.backwards ? -1 : 1;
  const positions = [...new Set(found.map(([position]) => position))]
    .sort((one, other) => direction * (one - other))
    .slice(0, limit);
  const rows = connection.select<EventRow>(
    sql`select ${eventColumns} from json_each(${JSON.stringify(positions)}) j cross join events e on e.position = j.value order by j.key`,
  );
  return rows.map(decodeEvent);
}
