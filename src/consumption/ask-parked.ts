import { sleep } from '../kernel/async.ts';
import type { DueKey, ParkedAction, ParkedKey, ParkedStore } from './parked-store.ts';

/** What became of what an operator asked for. */
export type AskedOutcome = {
  /** About how many keys; none where nothing of that name is parked. */
  readonly asked: number;
  /** `waiting`: nobody has done it yet; `idle`: nobody is up who would. What was asked for stays asked. */
  readonly state: 'done' | 'waiting' | 'idle';
  /** How many of the keys are parked still, and the first of them with their errors. */
  readonly left: number;
  readonly keys: readonly ParkedKey[];
};

export type AskOptions = {
  /** All keys when left out. */
  readonly key?: string | undefined;
  /** So many milliseconds it waits until it is done. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
};

/** Milliseconds between two looks. */
const pause = 50;
/** So many keys are told of. */
const mostKeys = 20;

/** Asks whoever works on a consumer to fold parked keys again, or to skip the first event of one, and waits until that is done. */
export async function askParked(
  store: ParkedStore,
  consumer: string,
  action: ParkedAction,
  { key, timeout, signal }: AskOptions,
): Promise<AskedOutcome> {
  const asked = await store.ask(consumer, action, key);
  const end = performance.now() + timeout;
  const isPending = ({ key: one, asked: pending, wait }: DueKey): boolean =>
    (key === undefined || one === key) && (pending !== null || wait <= 0);
  let state: AskedOutcome['state'] = 'done';
  while (asked > 0 && (await store.due(consumer)).some(isPending)) {
    state = (await store.isWorkedOn(consumer)) ? 'waiting' : 'idle';
    if (state === 'idle' || performance.now() >= end || signal?.aborted === true) break;
    state = 'done';
    await sleep(pause, signal);
  }
  const keys = await store.list(consumer, { first: mostKeys, key });
  return { asked, state, left: key === undefined ? await store.count(consumer) : keys.length, keys };
}
