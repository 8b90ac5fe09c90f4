import { Bell, throwIfAborted } from '../kernel/async.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { Position } from './event-store.ts';
import type { Tracking } from './tracking.ts';

/** A ring is only a hint: a wait looks again after so many milliseconds, rung or not. */
const lookAgainAfter = 100;

/**
 * Waits until a consumer has come to a position, wherever it runs. A `bell` that rings when consumers move on (or when
 * events are stored) makes the answer come at once; without one it comes within a tenth of a second.
 *
 * @throws LivefoldError `PROJECTION_LAGGING` after `timeout` milliseconds, naming the consumer and where it is
 * @throws LivefoldError `ABORTED` when the signal aborts
 */
export async function waitForPosition(
  tracking: Pick<Tracking, 'positionOf'>,
  consumer: string,
  position: Position,
  options: {
    readonly timeout: number;
    readonly signal?: AbortSignal | undefined;
    readonly bell?: Bell | undefined;
  },
): Promise<void> {
  const { timeout, signal, bell = new Bell() } = options;
  const end = performance.now() + timeout;
  for (;;) {
    const seen = bell.rings;
    throwIfAborted(signal);
    // A consumer that nobody has heard of stands before the first event.
    const reached = (await tracking.positionOf(consumer)) ?? 0;
    if (reached >= position) return;
    const left = end - performance.now();
    if (left <= 0) throw lagging(consumer, position, reached);
    await bell.wait(seen, { signal, timeout: Math.min(left, lookAgainAfter) });
  }
}

function lagging(consumer: string, position: Position, reached: Position): LivefoldError {
  return new LivefoldError(
    'PROJECTION_LAGGING',
    `The consumer "${consumer}" is at position ${reached} and has not reached ${position} in time: try again shortly.`,
    { fields: { projection: consumer, position: String(reached), atLeast: String(position) } },
  );
}
