import { LivefoldError } from '../kernel/errors.ts';
import { faultInJson } from '../persistence/check-json.ts';
import type { Reaction } from './process-manager.ts';
import type { Process, ProcessChange } from './process-store.ts';

/** What nothing has been done to so far. */
export function unchanged(key: string): ProcessChange {
  return { key, hasEnded: false, schedule: [], unschedule: [], answered: [] };
}

/** The state of a process behind a change; undefined when none is under way. */
export function stateBehind(change: ProcessChange, before: Process | undefined): unknown {
  return change.state === undefined ? before?.state : (change.state ?? undefined);
}

/**
 * A change, and then what a reaction makes of it. A process that ends takes its timers with it; another one may begin under its
 * key at once.
 *
 * @throws LivefoldError `INVALID_REACTION` for a state or a time that cannot be kept
 */
export function addReaction(change: ProcessChange, reaction: Reaction<unknown>): ProcessChange {
  checkReaction(change.key, reaction);
  const { state, schedule = [], unschedule = [] } = reaction;
  if (state === null) return { ...change, state: null, hasEnded: true, schedule: [], unschedule: [] };
  const replaced = new Set([...unschedule, ...schedule.map(({ name }) => name)]);
  const dropped = [...change.unschedule, ...unschedule].filter(
    (name) => !schedule.some((timer) => timer.name === name),
  );
  return {
    ...change,
    ...(state === undefined ? {} : { state }),
    schedule: [...change.schedule.filter(({ name }) => !replaced.has(name)), ...schedule],
    unschedule: [...new Set(dropped)],
  };
}

/** Found here, it is this process's fault alone; the database would refuse the whole batch. */
function checkReaction(key: string, { state, schedule = [] }: Reaction<unknown>): void {
  const fault = state === undefined ? undefined : faultInJson(state);
  const timer = schedule.find(({ at }) => Number.isNaN(at.getTime()));
  if (fault === undefined && timer === undefined) return;
  const what = fault === undefined ? `the timer "${timer?.name}" is due at no time` : `its state: ${fault}`;
  throw new LivefoldError(
    'INVALID_REACTION',
    `What the process "${key}" is to become cannot be kept: ${what}.`,
  );
}
