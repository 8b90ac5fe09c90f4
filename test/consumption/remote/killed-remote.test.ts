import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { createPostgresEventStore } from '../../../src/adapters/postgres/postgres-event-store.ts';
import { openSqlitePersistence } from '../../../src/adapters/sqlite/sqlite-persistence.ts';
import { everything } from '../../../src/domain/query.ts';
import { sleep } from '../../../src/kernel/async.ts';
import type { EventStore } from '../../../src/persistence/event-store.ts';
import { Program } from '../../support/program.ts';
import { ServedProgram } from '../../support/served-program.ts';
import { createTestFolder } from '../../support/test-folder.ts';
import { counted, createCountersDatabase } from '../counters.ts';

// Six starts of a process, each of which loads all there is: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 180_000 });

const servingScript = join(import.meta.dirname, 'serving-process.ts');
const collectingScript = join(import.meta.dirname, 'collecting-process.ts');

async function collect(url: string, file: string): Promise<Program> {
  const program = new Program([collectingScript, url, file], { env: {} });
  await program.line(/^collecting$/m);
  return program;
}

/** Waits until more was heard than before. */
async function hearMore(heard: EventStore, than: number): Promise<number> {
  for (let head = await heard.head(); ; head = await heard.head()) {
    if (head > than) return head;
    await sleep(5);
  }
}

test('server and follower are killed in turn while events are written: each event is heard once, in order', async () => {
  await using created = await createCountersDatabase();
  await using folder = await createTestFolder();
  const file = join(folder.path, 'collector.sqlite');
  const database = openDatabase(created.url, { connections: 2 });
  const written = createPostgresEventStore({ database });
  await using persistence = await openSqlitePersistence({ path: file });
  const heard = persistence.events;

  const serve = (port: string): Promise<ServedProgram> =>
    ServedProgram.start([servingScript], { env: { DATABASE_URL: created.url, PORT: port } });
  let server = await serve('0');
  const { port, graphql } = server;
  let follower = await collect(graphql, file);

  let isWriting = true;
  const writing = (async () => {
    for (let n = 0; isWriting; n += 1) {
      await written.append({ events: [counted(`c${n % 5}`), counted('all')] });
      await sleep(30);
    }
  })();
  let known = 0;
  for (let kill = 0; kill < 3; kill += 1) {
    known = await hearMore(heard, known);
    await sleep(Math.random() * 50);
    await follower.end('SIGKILL');
    follower = await collect(graphql, file);
    known = await hearMore(heard, known);
    await sleep(Math.random() * 50);
    await server.end('SIGKILL');
    server = await serve(port);
  }
  isWriting = false;
  await writing;
  const events = await Array.fromAsync(written.read(everything));
  await hearMore(heard, events.length - 1);
  await Promise.all([follower.end('SIGKILL'), server.end('SIGKILL')]);
  expect((await Array.fromAsync(heard.read(everything))).map(({ data }) => data)).toEqual(
    events.map(({ id, position }) => ({ id, position })),
  );
  await database.close();
});
