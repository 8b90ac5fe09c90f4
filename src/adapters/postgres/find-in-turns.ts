import { sql } from 'drizzle-orm';
import type { AnyProjection, AnyRow, StoredRow } from '../../consumption/projection.ts';
import type { ReadModels } from '../../consumption/read-models.ts';
import { TurnBatch } from '../../kernel/turn-batch.ts';
import { textArray } from './array-literal.ts';
import { cancellable } from './cancel-queries.ts';
import type { Session } from './database.ts';
import { decodeRow, findRows, readTableOf } from './read-table.ts';
import { run } from './statement.ts';
import { databaseCode } from './translate-error.ts';

type Keys = readonly string[];
type Rows = readonly AnyRow[];

/** Who asks for more rows than this has a statement of its own: others would wait for it. */
const mostKeys = 100;

/**
 * Finds rows by key. What is asked for in one turn of the event loop, by however many requests, comes in one statement: a round trip
 * takes longer than the row.
 */
export function findInTurns(session: Session): ReadModels['find'] {
  const batches = new WeakMap<AnyProjection, TurnBatch<Keys, Rows>>();

  function batchOf(projection: AnyProjection): TurnBatch<Keys, Rows> {
    const known = batches.get(projection);
    if (known !== undefined) return known;
    const made = new TurnBatch<Keys, Rows>((asked, { signal }) =>
      cancellable(signal, () => findTogether(session, projection, asked)),
    );
    batches.set(projection, made);
    return made;
  }

  return async <P extends AnyProjection>(projection: P, keys: Keys, signal?: AbortSignal) => {
    const findAlone = () => cancellable(signal, () => findRows(session, projection, keys));
    if (keys.length > mostKeys) return findAlone();
    try {
      return (await batchOf(projection).ask(keys, signal)) as readonly StoredRow<P>[];
    } catch (error) {
      // A key that cannot be one, perhaps another's.
      if (databaseCode(error)?.startsWith('22')) return findAlone();
      throw error;
    }
  };
}

/** The rows of each list of keys, in the order of the lists. */
async function findTogether(
  session: Session,
  projection: AnyProjection,
  asked: readonly Keys[],
): Promise<readonly Rows[]> {
  const { columns, findEach, isFound } = readTableOf(projection);
  const keys = textArray([...new Set(asked.flat())]);
  const found = new Map<string, AnyRow>(
    await run(session, sql`${findEach}(${keys}::text[]) ${isFound}`, (values): [string, AnyRow] => [
      String(values[columns.length]),
      decodeRow(columns, values),
    ]),
  );
  return asked.map((some) => some.map((key) => found.get(key)).filter((row) => row !== undefined));
}
