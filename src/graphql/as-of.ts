import { type Moment, rangeUpTo } from '../application/as-of.ts';
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
  if (typeof asOf.version === 'number') return { limit: Math.max(asOf.version, 0) };
  return rangeUpTo(await momentOf(backend, asOf, argument));
}

/**
 * How far the log had come at a moment.
 *
 * @throws LivefoldError `BAD_USER_INPUT` for a position that it has not reached, and for a version, which only an entity has
 */
export async function positionAsOf(backend: Backend, asOf: AsOf, argument: string): Promise<Position> {
  const moment = await momentOf(backend, asOf, argument);
  if ('position' in moment) return moment.position;
  const last = { ...rangeUpTo(moment), backwards: true, limit: 1 };
  const [event] = await Array.fromAsync(backend.store.read(everything, last));
  return event?.position ?? 0;
}

async function momentOf(backend: Backend, { position, time }: AsOf, argument: string): Promise<Moment> {
  if (time instanceof Date) return { time };
  if (typeof position === 'number') {
    await checkPosition(backend, position, argument);
    return { position };
  }
  const message = 'A version is one of a single entity: give a position or a time for a list.';
  throw new LivefoldError('BAD_USER_INPUT', message, {
    fields: { issues: [{ path: [argument, 'version'], message }] },
  });
}
