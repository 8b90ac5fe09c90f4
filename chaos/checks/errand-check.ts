import { Checklist, type Finding } from '../../src/consumption/audit/finding.ts';
import type { StoredEvent } from '../../src/domain/event.ts';

/** Each errand was noted once, and rang once unless it was called off. */
export function checkErrands(events: readonly StoredEvent[]): readonly Finding[] {
  const notes = new Checklist('every errand that began was noted once');
  const timers = new Checklist('every timer fired once');
  const errands = Map.groupBy(
    events.filter(({ type }) => type.startsWith('Errand')),
    ({ stream }) => stream,
  );
  for (const [stream, history] of errands) {
    const count = (type: string): number => history.filter((event) => event.type === type).length;
    tally(notes, stream, 'noted', count('ErrandNoted'), count('ErrandBegun'));
    const rang = count('ErrandRang');
    // One that was called off may have rung before.
    tally(timers, stream, 'rang', rang, count('ErrandCalledOff') > 0 ? Math.min(rang, 1) : 1);
  }
  return [notes.finding, timers.finding];
}

function tally(list: Checklist, stream: string, what: string, found: number, due: number): void {
  if (found === due) list.pass();
  else list.fail(`${stream} ${what} ${found} times instead of ${due}`);
}
