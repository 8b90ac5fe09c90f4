import { sql } from 'drizzle-orm';
import { PostgresJsSession } from 'drizzle-orm/postgres-js';
import { expect, test, vi } from 'vitest';
import { PostgresNews } from '../../src/adapters/postgres/postgres-news.ts';
import { waitForProjections } from '../../src/graphql/at-least.ts';
import { counted } from './counters.ts';
import { openTallies } from './open-tallies.ts';
import { eventually, heldUnits } from './spread.ts';
import { createTalliesDatabase, tally } from './tallies.ts';

test('a process that works on nothing knows how far all is, and serves what the others fold', async () => {
  await using created = await createTalliesDatabase();
  await using working = await openTallies(created.url);
  await using serving = await openTallies(created.url, { project: false });
  await serving.append(counted('a', 'b'), counted('a'));
  await serving.settle();
  expect(await serving.rows()).toEqual(await serving.folded());
  for (const { name } of serving.projections) {
    const owners = serving.running(name).shards.map(({ owner }) => owner);
    const owner = { id: expect.any(String), name: expect.stringMatching(/.:\d+$/) };
    expect(owners).toEqual(owners.map(() => owner));
  }
  await working.backend.stop();
  await serving.append(counted('c'));
  await eventually(async () => {
    const { shards, status } = serving.running('many');
    expect([status, shards.map(({ owner }) => owner)]).toEqual(['STOPPED', shards.map(() => null)]);
  });
  expect(serving.running('first').feed.position).toBe(2);
});

test('thousands who wait for a projection that another process folds cost no statement each', async () => {
  await using created = await createTalliesDatabase();
  await using working = await openTallies(created.url);
  await using serving = await openTallies(created.url, { project: false });
  const position = await working.append(counted('a'));
  await serving.settle();
  const statements = vi.spyOn(PostgresJsSession.prototype, 'prepareQuery');
  const next = position + 1;
  const waiting = Array.from({ length: 3_000 }, () =>
    serving.running('many').waitFor(next, { timeout: 40_000 }),
  );
  await working.append(counted('b'));
  const names = ['first', 'many'];
  const asking = Array.from({ length: 3_000 }, () => waitForProjections(serving.backend, names, next));
  await Promise.all([...waiting, ...asking]);
  // What the heartbeats and the folding of one event need.
  expect(statements.mock.calls.length).toBeLessThan(100);
  statements.mockRestore();
});

test('news that are lost come late: positions, events and changes of hands are seen at the next heartbeat', async () => {
  await using created = await createTalliesDatabase();
  const deaf = vi.spyOn(PostgresNews.prototype, 'hear').mockImplementation(() => {});
  await using one = await openTallies(created.url);
  await using other = await openTallies(created.url);
  await eventually(async () => {
    const held = Map.groupBy((await heldUnits(one.session)).values(), ({ token }) => token);
    expect(held.size).toBeGreaterThan(1);
  });
  await one.append(counted('a'), counted('b'));
  await one.settle();
  await other.settle();
  await one.backend.stop();
  await other.append(counted('a'));
  await other.settle();
  expect(await other.rows()).toEqual(await other.folded());
  deaf.mockRestore();
});

test('a process alone tells nobody how far it is', async () => {
  await using created = await createTalliesDatabase();
  const heard: string[] = [];
  const hear = vi
    .spyOn(PostgresNews.prototype, 'hear')
    .mockImplementation((message) => void heard.push(message));
  await using alone = await openTallies(created.url);
  await alone.append(counted('a'));
  await alone.settle();
  await using other = await openTallies(created.url);
  await eventually(async () => expect(alone.running('many').shards.length).toBe(4));
  await eventually(async () => {
    await alone.append(counted('a'));
    await alone.settle();
    expect(heard).toContainEqual(expect.stringMatching(/^\d+ first$/));
  });
  expect(heard.filter((message) => /^1 /.test(message))).toEqual([]);
  hear.mockRestore();
  await other.backend.stop();
});

test('a projection that has seen more than the log stands still and says why', async () => {
  await using created = await createTalliesDatabase();
  {
    await using before = await openTallies(created.url, { projections: [tally('first')] });
    await before.append(counted('a'));
    await before.settle();
    await before.session.execute(sql`update livefold.tracking set position = 5 where consumer = 'first'`);
  }
  await using opened = await openTallies(created.url, { projections: [tally('first')] });
  for (let n = 0; n < 6; n += 1) await opened.append(counted('a'));
  await eventually(async () =>
    expect(opened.running('first')).toMatchObject({
      status: 'STOPPED',
      lastError: expect.stringContaining('has folded 5 events and the log has had only 1'),
    }),
  );
  expect(await opened.rows()).toMatchObject([[{ id: 'a', total: 1 }]]);
});
