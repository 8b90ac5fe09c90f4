import { keepTrying } from '../kernel/async.ts';
import type { Logger } from '../kernel/log.ts';
import type { EventLog } from './event-log.ts';
import { follow } from './follow.ts';

/** A process that hears of whoever is forgotten. */
export interface Hearing {
  stop(): Promise<void>;
}

/**
 * Reads every event from now on, so that this process decodes those that forget somebody and lets go of what it knows. No
 * other consumer is sure to: one that finds its batch applied by another process goes on behind it. The pages are those
 * that the others share; a fault is tried again for as long as it lasts.
 */
export async function hearOfForgetting({
  log,
  logger,
}: {
  readonly log: EventLog;
  readonly logger: Logger;
}): Promise<Hearing> {
  const stopping = new AbortController();
  const { signal } = stopping;
  let after = await log.head();
  const done = keepTrying(read, {
    signal,
    onError: (error) =>
      logger.error({ err: error, position: after }, 'the log could not be read; trying again'),
  });

  async function read(advanced: () => void): Promise<void> {
    for await (const page of follow(log, { after, signal })) {
      after = page.position;
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
