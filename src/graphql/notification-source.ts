import type { EventLog } from '../consumption/event-log.ts';
import type { LogWatches } from '../consumption/log-watches.ts';
import type { StoredEvent } from '../domain/event.ts';
import { matches, type Query } from '../domain/query.ts';
import type { Position } from '../persistence/event-store.ts';
import { type Frame, frameAt } from './frame.ts';
import { type Cursor, type LiveSource, type LiveStep, liveSource } from './live-source.ts';

type Notified = Frame<{ readonly notifications: StoredEvent }>;

/** So many events are made ready at a time: a client that takes no more has them made again. */
const mostSteps = 64;

export type NotificationSourceOptions = {
  readonly log: EventLog;
  readonly watches: LogWatches;
  /** Begins behind it. */
  readonly position: Position;
  readonly query: Query;
  readonly signal: AbortSignal;
};

/** The events of the log that a query means, one a frame. */
export function notificationSource(options: NotificationSourceOptions): LiveSource<Notified> {
  const { log, watches, position, query, signal } = options;
  return liveSource(
    {
      start: cursorAt(position),
      restart: (from) => from,
      watch: () => watches.watch(query),
      epoch: () => log.epoch,
      async next(from) {
        let { position } = from;
        // Where the log is not known to have gone on there is nothing to read: whoever waits is told when it has.
        while (position < log.seen) {
          const events = await log.read(position);
          const steps = stepsOf(events, query);
          const end = steps.length === mostSteps ? steps.at(-1)?.cursor.position : events.at(-1)?.position;
          if (end === undefined) break;
          position = end;
          if (steps.length > 0) return { steps, cursor: cursorAt(position) };
        }
        return { steps: [], cursor: cursorAt(position) };
      },
    },
    signal,
  );
}

function stepsOf(events: readonly StoredEvent[], query: Query): readonly LiveStep<Notified>[] {
  const steps: LiveStep<Notified>[] = [];
  for (const event of events) {
    if (steps.length === mostSteps) break;
    if (!matches(query, event)) continue;
    const root = frameAt(event.position, { notifications: event });
    steps.push({ root, cursor: cursorAt(event.position), replaces: false });
  }
  return steps;
}

function cursorAt(position: Position): Cursor {
  return { position, live: true, snapshot: null };
}
