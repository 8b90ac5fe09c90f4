import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunningBackend } from '../../src/main/start-backend.ts';
import { startBackend } from '../../src/main/start-backend.ts';
import {
  counted,
  countersBackend,
  countersProjection,
  createCountersDatabase,
} from '../consumption/counters.ts';
import { moody, withoutRetries } from '../consumption/moods.ts';
import { createTestFolder } from '../support/test-folder.ts';
import { runLivefold } from './run-livefold.ts';

const counters = join(import.meta.dirname, '../consumption/counters.ts');

/** A database of counters that fail where a test says, and the command line on it. */
async function openParked() {
  const folder = await createTestFolder();
  const module = join(folder.path, 'backend.ts');
  await writeFile(
    module,
    `import { countersBackend, countersProjection } from ${JSON.stringify(counters)};
     export const backend = countersBackend(countersProjection());`,
  );
  const created = await createCountersDatabase();
  const livefold = async (...args: readonly string[]) => {
    const all = ['--backend', module, 'projections', ...args];
    const { code, output } = await runLivefold(all, { databaseUrl: created.url });
    return { code, output };
  };
  const { bad, onFold } = moody();
  const start = (): Promise<RunningBackend> =>
    startBackend(countersBackend(countersProjection({ onFold })), { databaseUrl: created.url });
  const append = async (backend: RunningBackend, ...names: readonly string[]): Promise<void> => {
    await withoutRetries({ session: backend.database.session });
    const { position } = await backend.store.append({ events: [counted(...names)] });
    await backend.projections.get('counters')?.waitFor(position, { timeout: 30_000 });
  };
  return {
    ...{ livefold, bad, start, append },
    async [Symbol.asyncDispose]() {
      await created.drop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test('parked keys are listed, retried and skipped, and the exit code says whether that helped', async () => {
  await using opened = await openParked();
  const { livefold, bad, start, append } = opened;
  for (const one of ['1 a', '2 a', '1 b', '1 c']) bad.add(one);
  await using backend = await start();
  for (let n = 0; n < 2; n += 1) await append(backend, 'a', 'b', 'c', 'd');

  const listed = await livefold('parked', 'counters');
  expect(listed.code).toBe(0);
  expect(listed.output).toMatch(
    /^counters {2}"a" {2}Counted at 1, 1 behind it; tried \d times, until you retry or skip it\n {4}HANDLER_FAILED: /,
  );
  expect(listed.output.match(/HANDLER_FAILED/g)).toHaveLength(3);

  bad.delete('1 a');
  const again = await livefold('retry', 'counters', 'a');
  expect(again.code).toBe(1);
  expect(again.output).toMatch(
    /^counters: 1 key parked still\ncounters {2}"a" {2}Counted at 2; tried 1 times/,
  );
  expect(await livefold('skip', 'counters', 'a')).toEqual({
    code: 0,
    output: 'counters: 1 key free again\n',
  });
  bad.clear();
  expect(await livefold('retry', 'counters', '--all')).toEqual({
    code: 0,
    output: 'counters: 2 keys free again\n',
  });
});

test('what cannot be done says why, and is done by the next process that works on the projection', async () => {
  await using opened = await openParked();
  const { livefold, bad, start, append } = opened;
  bad.add('1 a');
  const backend = await start();
  await append(backend, 'a');
  expect(await livefold('retry', 'counters', 'b')).toEqual({
    code: 1,
    output: 'counters: no such key is parked\n',
  });
  expect((await livefold('retry', 'counters')).output).toMatch(/^BAD_USER_INPUT: Give a key, or --all/);
  expect((await livefold('parked', 'nothing')).output).toMatch(/^UNKNOWN_PROJECTION: .* it has counters\.\n/);
  await backend.stop();
  expect(await livefold('retry', 'counters', 'a')).toEqual({
    code: 1,
    output: 'counters: no process is up that works on it; 1 key will be seen to when one starts\n',
  });
  bad.clear();
  await using late = await start();
  await expect.poll(() => late.models.parked.count('counters'), { timeout: 20_000 }).toBe(0);
  expect(await livefold('parked')).toEqual({ code: 0, output: 'nothing is parked\n' });
});
