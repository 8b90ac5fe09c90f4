import type { AnyProjection, AnyRow } from '../../consumption/projection.ts';
import type { LivefoldError } from '../../kernel/errors.ts';
import { isRowFault, rowRefused } from './row-fault.ts';

export type Readable = {
  /** The rows by key, as folds see them. */
  readonly rows: Map<string, AnyRow>;
  /** Keys that the database refuses to look for: no text is a UUID, for example, unless it looks like one. */
  readonly refused: Map<string, LivefoldError>;
};

/** The rows of some keys. Where the database refuses, half of the keys at a time, down to those that it means. */
export async function findReadable(
  projection: AnyProjection,
  keys: readonly string[],
  find: (keys: readonly string[]) => Promise<readonly AnyRow[]>,
): Promise<Readable> {
  try {
    const found = await find(keys);
    const rows = new Map(
      found.map(({ position: _, ...row }): [string, AnyRow] => [String(row[projection.keyField]), row]),
    );
    return { rows, refused: new Map() };
  } catch (error) {
    const [only] = keys;
    if (!isRowFault(error) || only === undefined) throw error;
    if (keys.length === 1)
      return { rows: new Map(), refused: new Map([[only, rowRefused(projection, { cause: error })]]) };
    const middle = Math.ceil(keys.length / 2);
    const first = await findReadable(projection, keys.slice(0, middle), find);
    const second = await findReadable(projection, keys.slice(middle), find);
    return {
      rows: new Map([...first.rows, ...second.rows]),
      refused: new Map([...first.refused, ...second.refused]),
    };
  }
}
