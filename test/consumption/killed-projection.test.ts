import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createPostgresEventStore } from '../../src/adapters/postgres/postgres-event-store.ts';
import { counted, createCountersDatabase, removed } from './counters.ts';
import { openCounters, trackedPosition } from './open-counters.ts';

const script = join(import.meta.dirname, 'projecting-process.ts');

/** Starts a projecting process and kills it at some moment while it works. */
async function projectUntilKilled(url: string, hasBegun: () => Promise<boolean>): Promise<void> {
  const child = spawn(process.execPath, [script, url], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  await once(child.stdout, 'data');
  while (!(await hasBegun())) await delay(5);
  await delay(Math.random() * 100);
  child.kill('SIGKILL');
  await gone;
}

test('projecting processes that are killed again and again, while others write, leave what the log folds to', async () => {
  await using created = await createCountersDatabase();
  const database = openDatabase(created.url, { connections: 2 });
  const store = createPostgresEventStore({ database });
  let isWriting = true;
  const writing = Promise.all(
    [0, 1].map(async (writer) => {
      for (let n = 0; isWriting; n += 1) {
        await store.append({ events: [counted(`c${n % 50}`, 'all'), counted(`w${writer}`)] });
        if (n % 7 === 0) await store.append({ events: [removed(`c${n % 20}`)] });
        await delay(1);
      }
    }),
  );
  let position = 0;
  for (let kill = 0; kill < 4; kill += 1) {
    await projectUntilKilled(created.url, async () => (await trackedPosition(database.session)) > position);
    position = await trackedPosition(database.session);
  }
  isWriting = false;
  await writing;
  await using opened = await openCounters({ url: created.url });
  await opened.settle();
  expect(await opened.rows()).toEqual(await opened.folded());
  await database.close();
});
