import type { StoredEvent } from '../domain/event.ts';
import { stateBehind, unchanged } from './process-change.ts';
import { type Cause, carryOut, commandIdOf, type SendOptions } from './process-commands.ts';
import type { Reaction } from './process-manager.ts';
import type { DueTimer, Process, ProcessChange } from './process-store.ts';

/** Something that a process reacts to. */
type Occasion = {
  readonly cause: Cause;
  readonly react: (state: unknown) => Reaction<unknown>;
};

/** Reacts to a page of events: different processes at once, the events of one in order. */
export async function reactToEvents(
  events: readonly StoredEvent[],
  options: SendOptions,
): Promise<readonly ProcessChange[]> {
  const { manager } = options;
  const occasions = new Map<string, Occasion[]>();
  for (const event of events) {
    const reaction = manager.reactionTo(event.type);
    const key = reaction?.key(event) ?? null;
    if (reaction === undefined || key === null) continue;
    const { id, correlationId } = event;
    const cause = { commandId: `${manager.name}:${id}`, causationId: id };
    const occasion: Occasion = {
      cause: correlationId === null ? cause : { ...cause, correlationId },
      react: (state) => reaction.react(state, event),
    };
    const list = occasions.get(key);
    if (list === undefined) occasions.set(key, [occasion]);
    else list.push(occasion);
  }
  const started = [...occasions].map(([key, list]) => ({ start: unchanged(key), list }));
  return eachProcess(started, options);
}

/** Reacts to timers that fire, each of another process. They are gone then, unless they set themselves again. */
export async function reactToTimers(
  timers: readonly DueTimer[],
  options: SendOptions,
): Promise<readonly ProcessChange[]> {
  const { manager } = options;
  const started = timers.map(({ key, name, at }) => ({
    start: { ...unchanged(key), unschedule: [name] },
    list: [
      {
        cause: { commandId: commandIdOf(manager.name, key, name, String(at.getTime())) },
        react: (state: unknown) => manager.reactionToTimer(name)?.(state, key) ?? {},
      },
    ],
  }));
  return eachProcess(started, options);
}

type Started = { readonly start: ProcessChange; readonly list: readonly Occasion[] };

/** Once all are over: what still ran when the batch is tried again would meet itself. */
async function eachProcess(
  started: readonly Started[],
  options: SendOptions,
): Promise<readonly ProcessChange[]> {
  if (started.length === 0) return [];
  const processes = await options.store.load(
    options.manager.name,
    started.map(({ start }) => start.key),
  );
  const results = await Promise.allSettled(
    started.map((one) => reactInOrder(one, processes.get(one.start.key), options)),
  );
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

async function reactInOrder(
  { start, list }: Started,
  before: Process | undefined,
  options: SendOptions,
): Promise<ProcessChange> {
  let change = start;
  for (const { cause, react } of list)
    change = await carryOut(react(stateBehind(change, before)), { before, change }, { cause }, options);
  return change;
}
