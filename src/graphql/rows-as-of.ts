import type { AnyProjection, StoredRow } from '../consumption/projection.ts';
import type { ReadModels } from '../consumption/read-models.ts';
import { selectRows } from '../consumption/select-rows.ts';
import { positionAsOf } from './as-of.ts';
import type { Backend } from './backend.ts';
import type { AsOf } from './core-schema.ts';

/** A projection's table as it was at a moment, to read rows from. @throws LivefoldError `TOO_COSTLY`, `BAD_USER_INPUT` */
export async function rowsAsOf(
  backend: Backend,
  projection: AnyProjection,
  { asOf, mostEvents }: { readonly asOf: AsOf; readonly mostEvents: number },
): Promise<Pick<ReadModels, 'rows'>> {
  const at = await positionAsOf(backend, asOf, 'asOf');
  const rows = await backend.past.rows(projection, { at, mostEvents });
  return {
    rows: async <P extends AnyProjection>(of: P, query: Parameters<ReadModels['rows']>[1]) => {
      const kept = await backend.models.asKept(of, selectRows(of, rows.values(), query));
      // The table's own columns made them.
      return kept as readonly StoredRow<P>[];
    },
  };
}
