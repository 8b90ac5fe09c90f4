import type { PreparedEvent } from '../../domain/event.ts';
import { aboutEvent } from './event-place.ts';

/** Events changed one by one; no copy of the list until one of them changes. Errors say which event they are about. */
export function changeEvents<Event extends PreparedEvent>(
  events: readonly Event[],
  change: (event: Event, index: number) => Event,
): readonly Event[] {
  let copy: Event[] | undefined;
  for (const [index, event] of events.entries()) {
    const changed = tryOn(event, index, change);
    if (changed === event) continue;
    copy ??= [...events];
    copy[index] = changed;
  }
  return copy ?? events;
}

/** Something of each event. Errors say which event they are about. */
export function fromEach<Event extends PreparedEvent, Result>(
  events: readonly Event[],
  take: (event: Event) => Result,
): readonly Result[] {
  return events.map((event, index) => tryOn(event, index, take));
}

function tryOn<Event extends PreparedEvent, Result>(
  event: Event,
  index: number,
  work: (event: Event, index: number) => Result,
): Result {
  try {
    return work(event, index);
  } catch (error) {
    throw aboutEvent(error, event);
  }
}
