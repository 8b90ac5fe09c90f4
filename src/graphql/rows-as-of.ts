import type { PastOptions } from '../consumption/past-rows.ts';
import type { AnyProjection } from '../consumption/projection.ts';
import type { ReadModels } from '../consumption/read-models.ts';
import { isLivefoldError } from '../kernel/errors.ts';
import { positionAsOf } from './as-of.ts';
import { waitForProjections } from './at-least.ts';
import type { Backend } from './backend.ts';
import type { AsOf } from './core-schema.ts';

export type RowsAsOfOptions = Omit<PastOptions, 'at'> & { readonly asOf: AsOf };

/** A projection's table as it was at a moment, to read rows from. @throws LivefoldError `TOO_COSTLY`, `BAD_USER_INPUT` */
export async function rowsAsOf(
  backend: Backend,
  projection: AnyProjection,
  { asOf, ...options }: RowsAsOfOptions,
): Promise<Pick<ReadModels, 'rows'>> {
  const at = await positionAsOf(backend, asOf, 'asOf');
  if (options.stream !== undefined) await waitForTable(backend, projection, at, options.signal);
  return { rows: (of, query) => backend.past.page(of, query, { ...options, at }) };
}

/** A moment ago is folded back from the table: it is milliseconds behind, or stands still, and then there is the log. */
async function waitForTable(
  backend: Backend,
  { name }: AnyProjection,
  at: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await waitForProjections(backend, [name], at, signal);
  } catch (error) {
    if (!isLivefoldError(error, 'PROJECTION_LAGGING')) throw error;
  }
}
