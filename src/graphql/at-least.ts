import type { RunningProjection } from '../consumption/projection-runner.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { Position } from '../persistence/event-store.ts';
import type { Backend } from './backend.ts';

/** So long a query waits for its projections, in milliseconds. */
const longestWait = 5_000;

/** The running projection of that name. */
export function runningProjection(backend: Backend, name: string): RunningProjection {
  const running = backend.projections.get(name);
  if (running === undefined)
    throw new LivefoldError(
      'UNKNOWN_PROJECTION',
      `The projection "${name}" does not run here: name it in the backend's definition.`,
    );
  return running;
}

/**
 * Waits until the named projections have passed a position; returns at once when none is given.
 *
 * @throws LivefoldError `PROJECTION_LAGGING` naming the projection that has not, after five seconds
 * @throws LivefoldError `BAD_USER_INPUT` for a position that the log has not reached itself
 */
export async function waitForProjections(
  backend: Backend,
  names: readonly string[],
  position: Position | null | undefined,
  signal?: AbortSignal,
): Promise<void> {
  if (position === null || position === undefined) return;
  const behind = names
    .map((name) => runningProjection(backend, name))
    .filter(({ feed }) => feed.position < position);
  if (behind.length === 0) return;
  await checkPosition(backend, position, 'atLeast');
  await Promise.all(behind.map((running) => running.waitFor(position, { timeout: longestWait, signal })));
}

/** @throws LivefoldError `BAD_USER_INPUT` for a position beyond the head of the log: nobody can have seen it. */
export async function checkPosition(backend: Backend, position: Position, argument: string): Promise<void> {
  // Thousands who wait for what they have just written cost no statement each.
  if (position <= backend.log.seen) return;
  if (position <= (await backend.log.head())) return;
  // Where the head is, is for those who may ask for it.
  const message = `The position ${position} is beyond the head of the log: pass a position that a receipt, a frame or a query gave.`;
  throw new LivefoldError('BAD_USER_INPUT', message, {
    fields: { issues: [{ path: [argument], message: 'beyond the head' }] },
  });
}
