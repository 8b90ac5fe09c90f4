import { expect, test } from 'vitest';
import { runChaos } from '../../chaos/chaos.ts';
import { createTestFolder } from '../support/test-folder.ts';

test('through kills, frozen servers, terminated connections and a restart of PostgreSQL nothing is lost or doubled', async () => {
  await using folder = await createTestFolder();
  const { faults, findings, counts } = await runChaos({
    ...{ seed: 3, duration: 20_000, leastCommands: 300, servers: 3, writers: 4, folder: folder.path },
    onProgress: () => {},
  });
  expect(faults).toEqual([]);
  // What was never hurt, and what was never looked at, would prove nothing.
  for (const what of [
    'commands acknowledged',
    'duplicates answered',
    'server processes killed',
    'server processes frozen',
    'LISTEN connections terminated',
    'other backends terminated',
    'log lines of handlers that failed',
    'timers fired',
    'live frames',
  ])
    expect.soft(counts[what], what).toBeGreaterThan(0);
  expect(counts['PostgreSQL restarts']).toBe(1);
  const looked = findings.filter(({ check }) => check !== 'hashes are as expected');
  expect(looked.filter(({ checked }) => checked === 0)).toEqual([]);
}, 300_000);
