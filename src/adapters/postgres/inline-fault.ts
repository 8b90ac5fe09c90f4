import { isFault } from '../../consumption/fault.ts';
import { keysOf } from '../../consumption/fold-rows.ts';
import type { AnyProjection } from '../../consumption/projection.ts';
import type { ProjectionBatch } from '../../consumption/read-models.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import { type ApplyOptions, applyBatch } from './apply-batch.ts';
import { isRowFault, rowRefused } from './row-fault.ts';

/**
 * Folds a batch in the transaction of the append that brings it.
 *
 * @throws LivefoldError `PROJECTION_FAILED` for an event that cannot be folded: then it is not appended
 */
export async function foldInline(
  projection: AnyProjection,
  batch: ProjectionBatch,
  options: Pick<ApplyOptions, 'session' | 'tables'>,
): Promise<void> {
  try {
    await applyBatch(projection, batch, options);
  } catch (error) {
    if (!isFault(error) && !isRowFault(error)) throw error;
    const cause = isFault(error) ? error : rowRefused(projection, { cause: error });
    const fields = { ...onlyOnes(projection, batch), ...cause.fields, projection: projection.name };
    throw new LivefoldError(
      'PROJECTION_FAILED',
      `The inline projection "${projection.name}" cannot fold what was to be appended, so nothing of it is stored. ${cause.message}`,
      { cause, fields },
    );
  }
}

/** The database does not say which row it refuses: where there is one event or one key, it is that one. */
function onlyOnes(
  projection: AnyProjection,
  { events }: ProjectionBatch,
): { readonly type?: string; readonly key?: string } {
  const [type, ...otherTypes] = new Set(events.map((event) => event.type));
  if (type === undefined || otherTypes.length > 0) return {};
  try {
    const [key, ...otherKeys] = keysOf(projection, events);
    return { type, ...(key === undefined || otherKeys.length > 0 ? {} : { key }) };
  } catch {
    return { type };
  }
}
