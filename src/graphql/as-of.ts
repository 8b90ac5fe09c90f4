import { everything } from '../domain/query.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { Position, ReadOptions } from '../persistence/event-store.ts';
import { checkPosition } from './at-least.ts';
import type { Backend } from './backend.ts';
import type { AsOf } from './core-schema.ts';

/**
 * The part of an entity's stream up to a moment.
 *
 * @throws LivefoldError `BAD_USER_INPUT` for a position that the log has not reached
 */
export async function rangeAsOf(backend: Backend, asOf: AsOf, argument: string): Promise<ReadOptions> {
  if (typeof asOf.position === 'number') {
    await checkPosition(backend, asOf.position, argument);
    return { before: asOf.position + 1 };
  }
  return asOf.time instanceof Date ? { asOf: asOf.time } : { limit: Math.max(asOf.version ?? 0, 0) };
}

/**
 * How far the log had come at a moment.
 *
 * @throws LivefoldError `BAD_USER_INPUT` for a position that it has not reached, and for a version, which only an entity has
 */
export async function positionAsOf(backend: Backend, asOf: AsOf, argument: string): Promise<Position> {
  if (typeof asOf.position === 'number') {
    await checkPosition(backend, asOf.position, argument);
    return asOf.position;
  }
  if (!(asOf.time instanceof Date)) {
    const message = 'A version is one of a single entity: give a position or a time for a list.';
    throw new LivefoldError('BAD_USER_INPUT', message, {
      fields: { issues: [{ path: [argument, 'version'], message }] },
    });
  }
  const [last] = await Array.fromAsync(
    backend.store.read(everything, { asOf: asOf.time, backwards: true, limit: 1 }),
  );
  return last?.position ?? 0;
}
