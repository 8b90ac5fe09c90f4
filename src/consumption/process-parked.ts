import type { EventLog } from './event-log.ts';
import type { DueKey, ParkedAction, ParkedStore, WaitingEvent } from './parked-store.ts';
import { type BatchOptions, type Reacted, reactToEvents, reactToTimers } from './process-batch.ts';
import { unchanged } from './process-change.ts';
import { consumerOf, type SettledEvents } from './process-store.ts';

/** So many events are reacted to in one transaction. */
const mostAtOnce = 500;

export type RetryOptions = BatchOptions & {
  readonly log: EventLog;
  readonly waiting: ParkedStore['waiting'];
  readonly commit: (reacted: Reacted, settled: SettledEvents) => Promise<void>;
};

/** Reacts to what is kept back for a key, in order, as far as it goes; false when something of it still is. */
export async function retryKey({ key }: DueKey, options: RetryOptions): Promise<boolean> {
  const { manager, waiting: look, commit } = options;
  for (;;) {
    const all = await look(consumerOf(manager.name), key, mostAtOnce);
    const [first] = all;
    if (first === undefined) return true;
    const action = first.asked ?? 'retry';
    const waiting = first.position === 0 ? [first] : all;
    const reacted = await reactAgain(key, waiting, action, options);
    await commit(reacted, { key, action, waiting });
    if (reacted.keptBack.some((one) => one.key === key)) return false;
  }
}

async function reactAgain(
  key: string,
  waiting: readonly WaitingEvent[],
  action: ParkedAction,
  options: RetryOptions,
): Promise<Reacted> {
  if (waiting[0]?.position === 0) return fireAgain(key, action, options);
  const { log, parked } = options;
  const wanted = action === 'skip' ? waiting.slice(1) : waiting;
  const events = await log.at(wanted.map(({ position }) => position));
  return reactToEvents(events, { ...options, parked: { has: (one) => one !== key && parked.has(one) } });
}

/** The timer that could not be reacted to: while its process waits, no other one comes before it. */
async function fireAgain(key: string, action: ParkedAction, options: RetryOptions): Promise<Reacted> {
  const { manager, store } = options;
  const timer = await store.nextOf(manager.name, key, manager.timerNames);
  if (timer === undefined) return { changes: [], keptBack: [] };
  if (action === 'retry') return reactToTimers([timer], options);
  return { changes: [{ ...unchanged(key), unschedule: [timer.name] }], keptBack: [] };
}
