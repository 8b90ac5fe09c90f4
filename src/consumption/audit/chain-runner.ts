import { keepTrying } from '../../kernel/async.ts';
import type { Logger } from '../../kernel/log.ts';
import { emptyLogHash, nextLogHash } from '../../persistence/archive/log-hash.ts';
import { type ChainLink, chainStep, type LogChain } from '../../persistence/log-chain.ts';
import type { EventLog } from '../event-log.ts';
import { follow } from '../follow.ts';

/** A hash chain that is kept up with the log. */
export interface RunningChain {
  stop(): Promise<void>;
}

/**
 * Keeps a hash chain behind the log. `log` gives the events as they are stored, sealed data sealed: what is destroyed with
 * a key later does not break the chain. Any number of processes may run it; a fault is tried again for as long as it lasts.
 */
export function runChain(options: {
  readonly log: EventLog;
  readonly chain: LogChain;
  readonly logger: Logger;
}): RunningChain {
  const { log, chain, logger } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const done = keepTrying(run, {
    signal,
    onError: (error) => logger.error({ err: error }, 'the hash chain could not be continued; trying again'),
  });

  /** Until the signal aborts, or another process turns out to have continued the chain. */
  async function run(advanced: () => void): Promise<void> {
    let last = await chain.lastLink();
    const after = last?.position ?? 0;
    for await (const page of follow(log, { after, signal })) {
      let hash = last?.hash ?? emptyLogHash;
      for (const event of page.events) {
        hash = nextLogHash(hash, event);
        const link: ChainLink = { position: event.position, hash };
        const isKept = event.position % chainStep === 0 || event === page.events.at(-1);
        if (!isKept) continue;
        if (!(await chain.addLink(link, last))) return;
        last = link;
      }
      advanced();
    }
  }

  return {
    async stop() {
      stopping.abort();
      await done;
    },
  };
}
