import type { StoredEvent } from '../domain/event.ts';
import { sleep } from '../kernel/async.ts';
import type { Position } from '../persistence/event-store.ts';
import type { Lease } from './lease-store.ts';
import type { ParkedKeys } from './parked-keys.ts';
import type { DueKey } from './parked-store.ts';
import type { AnyProjection } from './projection.ts';
import type { ReadModels } from './read-models.ts';
import { isOwnKey } from './stream-key.ts';

export type TendOptions = {
  readonly models: ReadModels;
  readonly parked: ParkedKeys;
  readonly lease: Lease | undefined;
  /** The events at some positions, in order. */
  readonly readAt: (positions: readonly Position[]) => Promise<readonly StoredEvent[]>;
  /** Has work wait while a batch is folded, and a batch while it is under way. */
  readonly takeTurn: <Result>(work: () => Promise<Result>) => Promise<Result>;
  /** Called when a retry has changed rows without the projection having moved. */
  readonly onChanged: () => void;
  /** Called when nothing could be done, since the lease is another's. */
  readonly onRefused: () => void;
  readonly signal: AbortSignal;
};

/** Milliseconds until parked keys are looked at again without a ring: what somebody asks for may pass unheard. */
const longestWait = 5_000;
/** So many events are folded in one transaction: batches of the same projection wait for it. */
const mostAtOnce = 500;
/** Milliseconds until a retry is tried again that was refused: the lease may be another's by now. */
const pause = 50;

/** Tries parked keys again when they are due or somebody asks, until the signal aborts. One that nothing is parked for waits for a ring. */
export async function tendParked(projection: AnyProjection, options: TendOptions): Promise<void> {
  const { models, parked, signal } = options;
  while (!signal.aborted) {
    const seen = parked.bell.rings;
    const due = parked.size === 0 ? [] : await dueKeys(projection, models);
    const now = due.filter(isDue);
    for (const one of now) if (!signal.aborted) await settle(projection, one, options);
    if (now.length > 0) continue;
    const next = due[0]?.wait ?? longestWait;
    const timeout = parked.size === 0 ? {} : { timeout: Math.min(next, longestWait) };
    await parked.bell.wait(seen, { signal, ...timeout });
  }
}

async function dueKeys(projection: AnyProjection, { parked }: ReadModels): Promise<readonly DueKey[]> {
  return (await parked.due(projection.name)).filter(({ key }) => isOwnKey(projection, key));
}

function isDue({ asked, wait }: DueKey): boolean {
  return asked !== null || wait <= 0;
}

/** Folds what is kept back for a key, a page of it in each transaction, as far as it goes. */
async function settle(projection: AnyProjection, { key }: DueKey, options: TendOptions): Promise<void> {
  const { onRefused, takeTurn, signal } = options;
  while (!signal.aborted) {
    const left = await takeTurn(() => settlePage(projection, key, options));
    if (left === 'refused') {
      onRefused();
      await sleep(pause, signal);
    }
    if (left !== 'more') return;
  }
}

async function settlePage(
  projection: AnyProjection,
  key: string,
  { models, parked, lease, readAt, onChanged }: TendOptions,
): Promise<'nothing' | 'more' | 'failed' | 'refused'> {
  const waiting = await models.parked.waiting(projection.name, key, mostAtOnce);
  const action = waiting[0]?.asked ?? 'retry';
  const wanted = action === 'skip' ? waiting.slice(1) : waiting;
  const events = await readAt(wanted.map(({ position }) => position));
  const settled = await models.settle(projection, { key, action, waiting, events, parked, lease });
  if (settled === null) return 'refused';
  const { keptBack, hasChanged } = settled;
  if (hasChanged) onChanged();
  parked.add(keptBack.filter((one) => one.key !== key));
  if (keptBack.some((one) => one.key === key)) return 'failed';
  if (waiting.length === mostAtOnce) return 'more';
  parked.free(key);
  return 'nothing';
}
