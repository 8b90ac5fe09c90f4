import type { Execute } from '../application/execute.ts';
import { type Bell, keepTrying, nextTurn } from '../kernel/async.ts';
import type { Clock } from '../kernel/clock.ts';
import { isLivefoldError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { HeldUnit } from './consumer.ts';
import type { EventLog } from './event-log.ts';
import { pagesOf } from './follow.ts';
import type { UnitState } from './lease-store.ts';
import type { ParkedStore } from './parked-store.ts';
import { type BatchOptions, type Reacted, reactToEvents, reactToTimers } from './process-batch.ts';
import { leaseLost } from './process-commands.ts';
import type { AnyProcessManager } from './process-manager.ts';
import { retryKey } from './process-parked.ts';
import { consumerOf, type DueTimer, type ProcessStore, type SettledEvents } from './process-store.ts';

/** At most so many milliseconds pass until log and clock are looked at again: a ring can be lost, a clock be set forward. */
const longestWait = 5_000;
/** So many timers fire before events are looked at again. */
const timersAtOnce = 100;

export type ReactOptions = {
  readonly log: EventLog;
  readonly store: ProcessStore;
  readonly parked: ParkedStore;
  readonly execute: Execute;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly held: HeldUnit;
  /** Milliseconds that a command may take. */
  readonly timeout?: number | undefined;
  /** Rings when somebody asks for something about a parked key. */
  readonly asked: Bell;
  readonly signal: AbortSignal;
  /** Says how it is doing. */
  readonly say: (state: UnitState | undefined) => void;
};

/**
 * Reacts to events and timers until the signal aborts, one batch behind the other, so that each sees what the one before it
 * left. Timers fire behind the events that are on the log when they are found due: what came in time is heard first, however
 * late this begins. What cannot be reacted to parks its key: events and timers of that wait, and it is tried again.
 */
export async function react(manager: AnyProcessManager, options: ReactOptions): Promise<void> {
  const { log, store, parked, execute, clock, logger, held, asked, signal, say } = options;
  const { lease } = held;
  const { name, timerNames } = manager;
  const read = pagesOf(log, manager.query);
  const keys = new Set<string>();
  const { timeout } = options;
  const sending: BatchOptions = { manager, store, execute, logger, lease, timeout, parked: keys };
  let after = 0;
  // When the next timer is due, or earlier: one may have been taken back since.
  let nextDue: Date | null = null;
  // When parked keys are looked at next, as `performance.now()` has it.
  let nextLook = 0;
  let heard = asked.rings;
  say({ status: 'CATCHING_UP', lastError: null });
  await keepTrying(work, { signal, onError });
  say(undefined);

  function onError(error: unknown): void {
    if (isLivefoldError(error, 'LEASE_LOST')) {
      held.doubt();
      return;
    }
    say({ status: 'RETRYING', lastError: error instanceof Error ? error.message : String(error) });
    logger.error({ err: error, processManager: name }, 'process manager failed; trying again');
  }

  async function work(advanced: () => void): Promise<void> {
    after = await store.position(name);
    keys.clear();
    for (const key of await parked.keys(consumerOf(name))) keys.add(key);
    nextLook = 0;
    warnOfUnknown(await store.timerNames(name));
    // First of all: what these sent is on the log, and a state that has heard of it might send something else instead.
    const broken = await store.firing(name, after);
    await fire(broken.filter((timer) => timerNames.includes(timer.name)));
    if (after >= log.seen) say({ status: 'LIVE', lastError: null });
    while (!signal.aborted) {
      const seen = log.bell.rings;
      const now = clock();
      if (isDue(now)) await fireDue(now);
      if (untilLook() <= 0) await retryDue();
      if (!(await followOn()) && !isDue(clock())) {
        const timeout = Math.min(untilDue(), untilLook(), longestWait);
        await log.bell.wait(seen, { signal, timeout });
      }
      advanced();
    }
  }

  /** Reacts to the next page of the log; false when there is none. */
  async function followOn(): Promise<boolean> {
    const { events, position } = await read(after);
    if (position === after) return false;
    await nextTurn();
    await commit(position, await reactToEvents(events, sending));
    return true;
  }

  async function fireDue(now: Date): Promise<void> {
    // Looked up once: a log that always grows must not keep the timers waiting.
    const head = await log.head();
    while (after < head && !signal.aborted && (await followOn()));
    if (signal.aborted) return;
    const limit = timersAtOnce;
    const timers = await store.fire(name, { after, now, names: timerNames, limit, lease });
    if (timers === null) throw leaseLost(manager);
    await fire(timers);
  }

  async function fire(timers: readonly DueTimer[]): Promise<void> {
    if (timers.length > 0) await commit(after, await reactToTimers(timers, sending));
    nextDue = await store.nextDue(name, timerNames);
  }

  async function retryDue(): Promise<void> {
    heard = asked.rings;
    nextLook = performance.now() + longestWait;
    const due = await parked.due(consumerOf(name));
    for (const one of due) {
      if (signal.aborted) return;
      if (one.asked === null && one.wait > 0) {
        nextLook = Math.min(nextLook, performance.now() + one.wait);
        continue;
      }
      const isFree = await retryKey(one, {
        ...sending,
        log,
        waiting: parked.waiting,
        commit: (reacted, settled) => commit(after, reacted, settled),
      });
      if (isFree) keys.delete(one.key);
    }
    // Those of keys that are free now, and those that wait again.
    nextDue = await store.nextDue(name, timerNames);
  }

  async function commit(to: number, reacted: Reacted, settled?: SettledEvents): Promise<void> {
    const { changes, keptBack } = reacted;
    if (!(await store.commit(name, { after, to, changes, keptBack, settled, lease })))
      throw leaseLost(manager);
    after = to;
    for (const { key, event, fault } of keptBack) {
      keys.add(key);
      if (fault === null) continue;
      nextLook = 0;
      const { type, position } = event;
      logger.error({ err: fault, processManager: name, key, type, position }, 'a key is parked');
    }
    const scheduled = changes.flatMap(({ schedule }) => schedule);
    for (const { at } of scheduled) if (nextDue === null || at < nextDue) nextDue = at;
    warnOfUnknown(new Set(scheduled.map((timer) => timer.name)));
    say({ status: 'LIVE', lastError: null });
  }

  /** They are kept, for an older program that is to come back, or for a newer one. */
  function warnOfUnknown(names: Iterable<string>): void {
    const unknown = [...names].filter((timer) => !timerNames.includes(timer));
    if (unknown.length > 0)
      logger.warn(
        { processManager: name, timers: unknown },
        'there are timers of names that the process manager does not know (onTimer): they wait',
      );
  }

  function isDue(now: Date): boolean {
    return nextDue !== null && nextDue <= now;
  }

  function untilDue(): number {
    return nextDue === null ? longestWait : Math.max(nextDue.getTime() - clock().getTime(), 0);
  }

  function untilLook(): number {
    if (keys.size === 0) return longestWait;
    return asked.rings === heard ? Math.max(nextLook - performance.now(), 0) : 0;
  }
}
