import { sleep } from '../../src/kernel/async.ts';
import type { DatabaseServer } from './database-server.ts';
import type { Fault } from './plan-faults.ts';
import type { SupervisedServer } from './supervised-server.ts';

/** How many faults there were, of each kind. */
export type Inflicted = {
  kills: number;
  freezes: number;
  deafened: number;
  terminated: number;
  restarts: number;
};

export type InflictOptions = {
  readonly database: DatabaseServer;
  readonly servers: readonly SupervisedServer[];
  readonly inflicted: Inflicted;
  readonly signal: AbortSignal;
};

/** Lets the faults happen at their times, those that last beside each other. Resolves when all are over. */
export async function inflict(faults: readonly Fault[], options: InflictOptions): Promise<void> {
  const start = performance.now();
  const underWay: Promise<void>[] = [];
  for (const fault of faults) {
    await sleep(Math.max(start + fault.at - performance.now(), 0), options.signal);
    if (options.signal.aborted) break;
    underWay.push(inflictOne(fault, options));
  }
  await Promise.all(underWay);
}

async function inflictOne(
  fault: Fault,
  { database, servers, inflicted, signal }: InflictOptions,
): Promise<void> {
  switch (fault.kind) {
    case 'kill':
      // On a slow machine a server may take longer to start than another one is let live.
      if (!servers.some(({ isUp }, index) => isUp && index !== fault.server - 1)) return;
      if (servers[fault.server - 1]?.kill(fault.downFor) === true) inflicted.kills += 1;
      return;
    case 'freeze':
      inflicted.freezes += 1;
      return servers[fault.server - 1]?.freeze(fault.frozenFor, signal);
    // While PostgreSQL is being restarted there is nobody to ask, and nothing left to terminate.
    case 'deafen':
      inflicted.deafened += await database.deafen().catch(() => 0);
      return;
    case 'terminate':
      inflicted.terminated += await database.terminate(fault.backends).catch(() => 0);
      return;
    case 'restart':
      await database.restart(fault.mode);
      inflicted.restarts += 1;
  }
}
