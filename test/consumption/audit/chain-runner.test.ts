import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { createPostgresChain } from '../../../src/adapters/postgres/postgres-chain.ts';
import { createPostgresEventStore } from '../../../src/adapters/postgres/postgres-event-store.ts';
import { runChain } from '../../../src/consumption/audit/chain-runner.ts';
import { EventLog } from '../../../src/consumption/event-log.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import type { ChainLink } from '../../../src/persistence/log-chain.ts';
import { until } from '../../adapters/postgres/until.ts';
import { counted } from '../counters.ts';
import { type OpenCounters, openCounters } from '../open-counters.ts';
import { auditCounters, faultsOf } from './audit-counters.ts';

/** Keeps the chain as a process of its own would, with connections of its own. */
function keepChain(url: string) {
  const database = openDatabase(url, { connections: 2 });
  const log = new EventLog(createPostgresEventStore({ database }), { pageSize: 137 });
  const chain = createPostgresChain(database);
  const running = runChain({ log, chain, logger: silentLogger });
  const ringing = setInterval(() => log.bell.ring(), 5);
  return {
    readLinks: () => chain.readLinks(),
    async stop() {
      clearInterval(ringing);
      await running.stop();
      await database.close();
    },
  };
}

type Chain = ReturnType<typeof keepChain>;

const reaches = (chain: Chain, position: number): Promise<void> =>
  until(async () => (await chain.readLinks()).at(-1)?.position === position);

const positionsOf = (links: readonly ChainLink[]): readonly number[] => links.map(({ position }) => position);

async function append({ append: store }: OpenCounters, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 10) await store(...Array.from({ length: 10 }, () => counted('a')));
}

test('processes that come and go keep one chain: a link at every thousand and at the newest event', async () => {
  await using opened = await openCounters();
  await append(opened, 1_500);
  const first = [keepChain(opened.url), keepChain(opened.url), keepChain(opened.url)];
  await append(opened, 700);
  await Promise.all(first.map((one) => one.stop()));
  const second = keepChain(opened.url);
  const third = keepChain(opened.url);
  await append(opened, 1_010);
  await reaches(second, 3_210);
  const links = await second.readLinks();
  expect(positionsOf(links)).toEqual([1_000, 2_000, 3_000, 3_210]);
  await Promise.all([second.stop(), third.stop()]);
  const audit = await auditCounters(opened, { chain: links });
  expect(faultsOf(audit)).toEqual([]);
  expect(audit.hash).toBe(links.at(-1)?.hash);
});
