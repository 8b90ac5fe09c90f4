import type { StoredEvent } from '../domain/event.ts';
import { LivefoldError } from '../kernel/errors.ts';
import { isStorableText } from '../kernel/storable-text.ts';
import { addReaction, stateBehind, unchanged } from './process-change.ts';
import { type Cause, carryOut, commandIdOf, type SendOptions } from './process-commands.ts';
import { type Happening, type HeldBack, processFault, timerFires } from './process-fault.ts';
import type { Reaction } from './process-manager.ts';
import type { DueTimer, Process, ProcessBatch, ProcessChange } from './process-store.ts';
import { reactionTimedOut, reactWithin } from './react-within.ts';
import { streamKeyOf } from './stream-key.ts';
import { workInTurns } from './work-in-turns.ts';

/** Something that a process reacts to. */
type Occasion = {
  readonly event: Happening;
  readonly cause: Cause;
  /** Timers that are used up by it. */
  readonly unschedule: readonly string[];
  readonly react: (state: unknown) => Reaction<unknown>;
};

/** What was done about some events or timers, and what could not be. */
export type Reacted = Pick<ProcessBatch, 'changes' | 'keptBack'>;

export type BatchOptions = SendOptions & {
  /** The keys whose events are kept back. */
  readonly parked: { has(key: string): boolean };
};

/**
 * Reacts to a page of events: different processes at once, the events of one in order. One that cannot be reacted to is kept
 * back under its key, and so are those of that key behind it.
 */
export async function reactToEvents(events: readonly StoredEvent[], options: BatchOptions): Promise<Reacted> {
  const { manager, parked } = options;
  const occasions = new Map<string, Occasion[]>();
  const keptBack: HeldBack[] = [];
  const held = new Set<string>();
  // Where the key cannot be told, the event and those of its stream behind it wait under the stream.
  const holderOf = (event: StoredEvent): string =>
    streamKeyOf({ name: manager.name, unit: manager.name }, event);
  const hold = (event: StoredEvent, error: unknown): void => {
    const holder = holderOf(event);
    held.add(holder);
    keptBack.push({ key: holder, event, fault: processFault(error, manager.name, event) });
  };
  const work = (event: StoredEvent): void => {
    const reaction = manager.reactionTo(event.type);
    if (reaction === undefined) return;
    const holder = holderOf(event);
    const isHeld = held.has(holder) || parked.has(holder);
    const key = isHeld ? holder : checkKey(reaction.key(event), manager.name);
    if (key === null) return;
    if (isHeld || parked.has(key)) {
      keptBack.push({ key, event, fault: null });
      return;
    }
    const list = occasions.get(key) ?? [];
    occasions.set(key, list);
    const cause = causeOf(event, manager.name);
    list.push({ event, cause, unschedule: [], react: (state) => reaction.react(state, event) });
  };
  await workInTurns(events, manager.timeout, {
    work(event) {
      try {
        work(event);
      } catch (error) {
        hold(event, error);
      }
    },
    onTimeout: (event) => hold(event, reactionTimedOut(manager)),
  });
  const reacted = await eachProcess(occasions, options);
  return { changes: reacted.changes, keptBack: [...keptBack, ...reacted.keptBack] };
}

/** Reacts to timers that fire, each of another process. They are gone then, unless they set themselves again. */
export async function reactToTimers(timers: readonly DueTimer[], options: SendOptions): Promise<Reacted> {
  const { manager } = options;
  const occasions = timers.map(({ key, name, at }): readonly [string, readonly Occasion[]] => [
    key,
    [
      {
        event: timerFires(name),
        cause: { commandId: commandIdOf(manager.name, key, name, String(at.getTime())) },
        unschedule: [name],
        react: (state) => manager.reactionToTimer(name)?.(state, key) ?? {},
      },
    ],
  ]);
  return eachProcess(new Map(occasions), options);
}

function causeOf({ id, correlationId }: StoredEvent, manager: string): Cause {
  const cause = { commandId: `${manager}:${id}`, causationId: id };
  return correlationId === null ? cause : { ...cause, correlationId };
}

function checkKey(key: unknown, manager: string): string | null {
  if (key === null || (typeof key === 'string' && key !== '' && isStorableText(key))) return key;
  throw new LivefoldError(
    'INVALID_KEY',
    `The process manager "${manager}" gave a key that is no text, or an empty one.`,
  );
}

/** Once all are over: what still ran when the batch is tried again would meet itself. */
async function eachProcess(
  occasions: ReadonlyMap<string, readonly Occasion[]>,
  options: SendOptions,
): Promise<Reacted> {
  if (occasions.size === 0) return { changes: [], keptBack: [] };
  const processes = await options.store.load(options.manager.name, [...occasions.keys()]);
  const results = await Promise.allSettled(
    [...occasions].map(([key, list]) => reactInOrder(key, list, processes.get(key), options)),
  );
  const reacted = results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
  return {
    changes: reacted.map(({ change }) => change),
    keptBack: reacted.flatMap(({ keptBack }) => keptBack),
  };
}

/** As far as it goes. */
async function reactInOrder(
  key: string,
  occasions: readonly Occasion[],
  before: Process | undefined,
  options: SendOptions,
): Promise<{ readonly change: ProcessChange; readonly keptBack: readonly HeldBack[] }> {
  let change = unchanged(key);
  for (const [index, { event, cause, unschedule, react }] of occasions.entries()) {
    try {
      const state = stateBehind(change, before);
      const reaction = await reactWithin(options.manager, () => react(state));
      const started = addReaction(change, { unschedule });
      change = await carryOut(reaction, { before, change: started }, { cause }, options);
    } catch (error) {
      const fault = processFault(error, options.manager.name, event);
      const rest = occasions.slice(index);
      return {
        change,
        keptBack: rest.map((one) => ({ key, event: one.event, fault: one.event === event ? fault : null })),
      };
    }
  }
  return { change, keptBack: [] };
}
