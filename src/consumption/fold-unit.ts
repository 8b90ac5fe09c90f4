import { Turns } from '../application/turns.ts';
import { keepTrying, nextTurn, onAbort, sleep } from '../kernel/async.ts';
import { isLivefoldError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { HeldUnit } from './consumer.ts';
import type { EventLog, LogPage } from './event-log.ts';
import { isStop } from './fault.ts';
import { follow } from './follow.ts';
import type { KeptBack } from './key-events.ts';
import type { Lease, UnitStatus } from './lease-store.ts';
import { ParkedKeys } from './parked-keys.ts';
import type { AnyProjection } from './projection.ts';
import type { ProjectionProgress } from './projection-progress.ts';
import type { Place, ReadModels } from './read-models.ts';
import { shortBatches } from './short-batches.ts';
import { tendParked } from './tend-parked.ts';

export type FoldOptions = {
  readonly log: EventLog;
  readonly models: ReadModels;
  readonly logger: Logger;
  readonly progress: ProjectionProgress;
  /** Left out where nobody leases: then the position alone decides whose batch counts. */
  readonly held?: HeldUnit | undefined;
  readonly signal: AbortSignal;
};

/** Milliseconds until a batch is tried again that was refused although the position is where it was. */
const pause = 50;
/** Milliseconds until one that stands still looks whether it may go on. */
const untilNextLook = 5_000;

/**
 * Folds a projection, or a shard of one, until the signal aborts: follows the log, folds each page into the table, publishes
 * what changed. An event that cannot be folded is parked with its key, and tried again beside the others' work. What holds up all,
 * such as a database that is out of reach, is tried again for as long as it lasts.
 */
export async function foldUnit(projection: AnyProjection, options: FoldOptions): Promise<void> {
  const { log, models, logger, progress, held, signal } = options;
  const { unit, mode } = projection;
  // Inline, an event that cannot be folded is not appended in the first place.
  const parked =
    mode === 'inline'
      ? undefined
      : new ParkedKeys(projection, models.parked, { bell: progress.parked, onParked: logParked });
  const turns = new Turns();
  const takeTurn = <Result>(work: () => Promise<Result>): Promise<Result> => turns.take([unit], work);
  // Whoever worked on it before may have folded what was kept back, without the position having moved.
  progress.feed.amend();
  let position = 0;
  let lastStart = -1;
  let isRetrying = false;
  let told: string | undefined;
  progress.setState(unit, { status: 'CATCHING_UP', lastError: null });
  await Promise.all([
    keepTrying(goOn, { signal, onError }),
    keepTrying(tend, { signal, onError: onTendError }),
  ]);
  progress.setState(unit, undefined);

  function onError(error: unknown): void {
    isRetrying = true;
    const lastError = error instanceof Error ? error.message : String(error);
    progress.setState(unit, { status: 'RETRYING', lastError });
    logger.error({ err: error, projection: unit, position }, 'projection failed; trying again');
  }

  function onTendError(error: unknown): void {
    // It may have been committed, and the answer lost.
    progress.feed.amend();
    logger.error({ err: error, projection: unit }, 'what is parked could not be tried again; trying again');
  }

  function logParked({ key, event, fault }: KeptBack): void {
    const { type, position: parkedAt } = event;
    logger.error({ err: fault, projection: unit, key, type, position: parkedAt }, 'a key is parked');
  }

  async function tend(): Promise<void> {
    if (parked === undefined) return new Promise((resolve) => onAbort(signal, resolve));
    await tendParked(projection, {
      ...{ models, parked, takeTurn, signal },
      lease: held?.lease,
      readAt: (positions) => log.at(positions),
      onChanged: () => progress.feed.amend(),
      onRefused: () => held?.doubt(),
    });
  }

  async function goOn(advanced: () => void): Promise<void> {
    try {
      await run(advanced);
    } catch (error) {
      if (isStop(error)) return standStill(error.message, () => new Promise((over) => onAbort(signal, over)));
      if (isLivefoldError(error, 'READ_TABLE_MISSING')) await models.halt(projection, error.message);
      else if (!isLivefoldError(error, 'READ_TABLE_CHANGED')) throw error;
      await standStill(error.message);
    }
  }

  /** Until the signal aborts, or another process turns out to have moved the projection on. */
  async function run(advanced: () => void): Promise<void> {
    const [place, backlog] = await Promise.all([
      models.place(projection),
      log.head(),
      takeTurn(async () => parked?.load()),
    ]);
    const start = place.position;
    const fault = place.fault ?? shortLog(place);
    if (fault !== null) return standStill(fault);
    told = undefined;
    // Refused where nobody else has been: the lease is another's, and this process is about to hear of it.
    if (start === lastStart) await sleep(pause, signal);
    lastStart = start;
    progress.meet(place, unit);
    const lease: Lease = held?.lease ?? { owner: null, token: place.token };
    progress.publish(unit, { after: start, to: start, changes: null });
    if (start >= backlog) succeed('LIVE');
    else if (!isRetrying) succeed('CATCHING_UP');
    let after = start;
    let { epoch } = log;
    const pages = follow(log, { after, query: projection.query, signal });
    for await (const page of projection.isSql ? inShortBatches(pages) : pages) {
      // What is committed goes out to clients before more work on it begins.
      await nextTurn();
      const to = page.position;
      const batch = { after, to, events: page.events };
      const isNews = held?.hasCompany() ?? false;
      const changes = await takeTurn(() => models.apply(projection, { ...batch, lease, isNews, parked }));
      if (changes === null) {
        held?.doubt();
        return;
      }
      // Folded from what must not be told any more, while the table may have gone on to say so.
      const isKnown = changes !== 'unknown' && log.epoch === epoch;
      progress.publish(unit, { after, to, changes: isKnown ? changes : null });
      ({ epoch } = log);
      succeed(to >= backlog ? 'LIVE' : 'CATCHING_UP');
      after = to;
      position = to;
      advanced();
      lastStart = -1;
    }
  }

  function succeed(status: UnitStatus): void {
    isRetrying = false;
    progress.setState(unit, { status, lastError: null });
  }

  /** What would come of going on is worse than what the table has: it says why, and looks again now and then, unless told how long. */
  async function standStill(
    lastError: string,
    wait: () => Promise<void> = () => sleep(untilNextLook, signal),
  ): Promise<void> {
    progress.setState(unit, { status: 'STOPPED', lastError });
    if (told !== lastError) logger.error({ projection: unit, position }, lastError);
    told = lastError;
    await wait();
  }
}

async function* inShortBatches(pages: AsyncIterable<LogPage>): AsyncGenerator<LogPage> {
  for await (const page of pages) yield* shortBatches(page);
}

/** The events that it would go on with are not those behind the ones that it has folded. */
function shortLog({ position, beyond }: Place): string | null {
  return beyond === null
    ? null
    : `The projection has folded ${position} events and the log has had only ${beyond}: it is another log, or one that was restored from an older backup. Rebuild the projection.`;
}
