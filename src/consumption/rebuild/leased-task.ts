import { sleep } from '../../kernel/async.ts';
import { isLivefoldError, LivefoldError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/log.ts';
import type { News } from '../../messaging/news.ts';
import type { Consumer } from '../consumer.ts';
import type { Lease, LeaseStore } from '../lease-store.ts';
import { Members } from '../members.ts';

export type LeasedTaskOptions = {
  readonly store: LeaseStore;
  readonly news: News;
  /** What this process is called for people. */
  readonly name: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
};

export type LeasedTask<Result> = LeasedTaskOptions & {
  readonly run: (lease: Lease, signal: AbortSignal) => Promise<Result>;
  /** The error when another process that is up has it. */
  readonly refuse: (member: string) => LivefoldError;
};

/** Longer than a lease, in milliseconds: whoever was killed is missed by then. */
const patience = 4_000;

/**
 * Runs something that one process at a time may do, as a member with one unit of its own. A lease that is lost, since this process
 * was stopped for a while, is taken again, and it begins anew.
 */
export async function runLeased<Result>(unit: string, task: LeasedTask<Result>): Promise<Result> {
  const { run, refuse, signal: stopping, ...options } = task;
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  let isRunning = false;
  let other: string | undefined;
  const consumer: Consumer = {
    ...{ name: unit, shards: 1 },
    stateOf: (name) => (name === unit && isRunning ? { status: 'CATCHING_UP', lastError: null } : undefined),
    async work({ lease }, signal) {
      isRunning = true;
      try {
        resolve(await run(lease, AbortSignal.any([signal, stopping])));
      } catch (error) {
        const isLost = signal.aborted || isLivefoldError(error, 'CONCURRENCY_CONFLICT');
        if (!isLost || stopping.aborted) reject(error);
      }
    },
    level: async () => {},
    look({ units, members: up }) {
      const owner = units.find(({ name }) => name === unit)?.owner;
      other = up.find(({ id }) => id === owner && id !== members.id)?.name;
    },
    hear() {},
    hearParked() {},
  };
  const members = new Members({ ...options, takesWork: true, onHead: () => {} });
  members.add(consumer);
  await members.start();
  const waiting = new AbortController();
  try {
    const refused = sleep(patience, AbortSignal.any([waiting.signal, stopping])).then(() => {
      if (!isRunning) reject(stopping.aborted ? stopped() : refuse(other ?? 'that was up a moment ago'));
    });
    await Promise.race([promise, refused]);
    return await promise;
  } finally {
    waiting.abort();
    await members.stop();
  }
}

function stopped(): LivefoldError {
  return new LivefoldError('ABORTED', 'It was stopped before it began.');
}
