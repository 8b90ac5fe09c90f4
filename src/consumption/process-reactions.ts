import type { Execute } from '../application/execute.ts';
import type { StoredEvent } from '../domain/event.ts';
import { Bell, keepTrying, nextTurn, sleep } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { isLivefoldError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { HeldUnit } from './consumer.ts';
import type { EventLog } from './event-log.ts';
import { follow } from './follow.ts';
import type { UnitState } from './lease-store.ts';
import type { AnyProcessManager, Reaction, Timer } from './process-manager.ts';
import type { DueTimer, ProcessChange, ProcessStore } from './process-store.ts';

/** At most so many milliseconds pass until timers are looked at again: another process may have set one. */
const longestWait = 30_000;
const timersAtOnce = 100;
/** Milliseconds until events are looked at again after a commit was refused: the lease may be another's by now. */
const pause = 50;

export type ReactOptions = {
  readonly log: EventLog;
  readonly store: ProcessStore;
  readonly execute: Execute;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly held: HeldUnit;
  readonly signal: AbortSignal;
  /** Says how it is doing. */
  readonly say: (state: UnitState | undefined) => void;
};

/** Reacts to events and timers until the signal aborts. */
export async function react(manager: AnyProcessManager, options: ReactOptions): Promise<void> {
  const { log, store, execute, clock, logger, held, signal, say } = options;
  const { lease } = held;
  const scheduled = new Bell();
  // When timers are looked at next, by the clock: only one that is due before needs a look earlier.
  let nextLook = Number.POSITIVE_INFINITY;
  say({ status: 'CATCHING_UP', lastError: null });
  await Promise.all([
    keepTrying(followEvents, { signal, onError }),
    keepTrying(watchTimers, { signal, onError }),
  ]);
  say(undefined);

  function onError(error: unknown): void {
    say({ status: 'RETRYING', lastError: error instanceof Error ? error.message : String(error) });
    logger.error({ err: error, processManager: manager.name }, 'process manager failed; trying again');
  }

  async function followEvents(): Promise<void> {
    let after = await store.position(manager.name);
    if (after >= log.seen) say({ status: 'LIVE', lastError: null });
    for await (const page of follow(log, { after, query: manager.query, signal })) {
      await nextTurn();
      const changes = await reactToAll(page.events);
      if (!(await store.commit(manager.name, { after, to: page.position, changes, lease }))) {
        held.doubt();
        await sleep(pause, signal);
        return;
      }
      say({ status: 'LIVE', lastError: null });
      if (changes.some(({ schedule }) => schedule.some(isBeforeNextLook))) scheduled.ring();
      after = page.position;
    }
  }

  /** Also when the clock was set forward, past the look that is waited for. */
  function isBeforeNextLook({ at }: Timer): boolean {
    return at.getTime() < nextLook || clock().getTime() >= nextLook;
  }

  /** Different processes at once, the events of one in order. */
  async function reactToAll(events: readonly StoredEvent[]): Promise<readonly ProcessChange[]> {
    const keyed = events.map((event) => ({ event, key: manager.reactionTo(event.type)?.key(event) ?? null }));
    const byKey = Map.groupBy(
      keyed.filter(({ key }) => key !== null),
      ({ key }) => key ?? '',
    );
    if (byKey.size === 0) return [];
    const states = await store.load(manager.name, [...byKey.keys()]);
    return Promise.all(
      [...byKey].map(([key, entries]) =>
        reactTo(
          key,
          states.get(key),
          entries.map(({ event }) => event),
        ),
      ),
    );
  }

  async function reactTo(
    key: string,
    start: unknown,
    events: readonly StoredEvent[],
  ): Promise<ProcessChange> {
    let state = start;
    let change: ProcessChange = { key, schedule: [], unschedule: [] };
    for (const event of events) {
      const reaction = manager.reactionTo(event.type)?.react(state, event) ?? {};
      await send(reaction, {
        commandId: `${manager.name}:${event.id}`,
        correlationId: event.correlationId ?? undefined,
        causationId: event.id,
      });
      change = addReaction(change, reaction);
      if (reaction.state !== undefined) state = reaction.state ?? undefined;
    }
    return change;
  }

  async function send(
    { send: commands = [] }: Reaction<unknown>,
    cause: {
      readonly commandId: string;
      readonly correlationId?: string | undefined;
      readonly causationId?: string;
    },
  ): Promise<void> {
    for (const [index, command] of commands.entries()) {
      try {
        await execute(command, { ...cause, commandId: `${cause.commandId}:${index}` });
      } catch (error) {
        // The domain said no: what it is like now is on the log, and the events that made it so get their own reaction.
        if (!isLivefoldError(error, 'COMMAND_REJECTED')) throw error;
        logger.info(
          { processManager: manager.name, commandId: cause.commandId, reason: error.fields.reason },
          'a command was rejected',
        );
      }
    }
  }

  async function watchTimers(): Promise<void> {
    while (!signal.aborted) {
      const seen = scheduled.rings;
      nextLook = Number.POSITIVE_INFINITY;
      for (const timer of await store.due(manager.name, clock(), timersAtOnce)) await fire(timer);
      const next = await store.nextDue(manager.name);
      const timeout =
        next === null ? longestWait : Math.min(Math.max(next.getTime() - clock().getTime(), 0), longestWait);
      nextLook = clock().getTime() + timeout;
      await scheduled.wait(seen, { signal, timeout });
    }
  }

  async function fire(timer: DueTimer): Promise<void> {
    const { key, name, at } = timer;
    const states = await store.load(manager.name, [key]);
    const reaction = manager.reactionToTimer(name)?.(states.get(key), key) ?? {};
    await send(reaction, { commandId: `${manager.name}:${key}:${name}:${at.getTime()}` });
    const change = addReaction({ key, schedule: [], unschedule: [] }, reaction);
    if (await store.settle(manager.name, timer, change, lease)) return;
    held.doubt();
    await sleep(pause, signal);
  }
}

function addReaction(
  change: ProcessChange,
  { state, schedule = [], unschedule = [] }: Reaction<unknown>,
): ProcessChange {
  const replaced = new Set([...unschedule, ...schedule.map(({ name }) => name)]);
  return {
    key: change.key,
    ...(state === undefined ? ('state' in change ? { state: change.state } : {}) : { state }),
    schedule: [...change.schedule.filter(({ name }) => !replaced.has(name)), ...schedule],
    unschedule: [...new Set([...change.unschedule, ...unschedule])].filter(
      (name) => !schedule.some((timer) => timer.name === name),
    ),
  };
}
