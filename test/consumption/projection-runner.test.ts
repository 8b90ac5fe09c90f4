import { sql } from 'drizzle-orm';
import { expect, test, vi } from 'vitest';
import { counted, labelled, removed, whispered } from './counters.ts';
import { openCounters, trackedPosition } from './open-counters.ts';
import { writeConcurrently } from './write-concurrently.ts';

test('a table holds what its log folds to', async () => {
  await using opened = await openCounters();
  await opened.append(counted('a', 'b'), counted('b'), labelled('b', 'x'), whispered());
  await opened.append(counted('c'), removed('a'));
  await opened.settle();
  expect(await opened.rows()).toEqual([
    { id: 'b', total: 2, label: 'x', position: 3 },
    { id: 'c', total: 1, label: null, position: 5 },
  ]);
});

test('a backlog is folded when the projection starts', async () => {
  await using first = await openCounters();
  await first.running.stop();
  for (let n = 0; n < 30; n += 1)
    await first.append(...Array.from({ length: 100 }, (_, i) => counted(`c${i % 7}`)));
  expect(await first.rows()).toEqual([]);
  await using second = await openCounters({ url: first.url });
  await second.settle();
  expect(await second.rows()).toEqual(await second.folded());
  expect(second.running.status).toBe('LIVE');
});

test('rows that the database refuses keep the position back with them, until it takes them, where the projection says so', async () => {
  await using opened = await openCounters({ onError: () => 'retry' });
  await opened.append(counted('a'));
  await opened.settle();
  await opened.session.execute(sql`alter table counters add constraint small check (total < 2)`);
  await opened.append(counted('b'), counted('a'));
  await vi.waitFor(() => expect(opened.running.status).toBe('RETRYING'), 10_000);
  expect(opened.running.lastError).toContain('small');
  expect([await trackedPosition(opened.session), (await opened.rows()).length]).toEqual([1, 1]);
  await opened.session.execute(sql`alter table counters drop constraint small`);
  await opened.settle();
  expect(await opened.rows()).toEqual(await opened.folded());
});

test('changes folded from what was cleared meanwhile are not kept for clients', async () => {
  await using opened = await openCounters();
  const { log, models } = opened.backend;
  const { feed } = opened.running;
  const apply = models.apply.bind(models);
  vi.spyOn(models, 'apply').mockImplementationOnce(async (projection, batch) => {
    const changes = await apply(projection, batch);
    log.clear();
    feed.clear();
    return changes;
  });
  await opened.append(counted('a'));
  await opened.settle();
  expect(feed.next(0)).toEqual({ after: 0, to: 1, changes: null });
  await opened.append(counted('b'));
  await opened.settle();
  expect(feed.next(1)?.changes).toHaveLength(1);
});

test('a fault of no event is tried again, applies nothing twice, and ends live', async () => {
  await using opened = await openCounters();
  const statuses: string[] = [];
  const failing = vi.spyOn(opened.counters, 'handlerOf').mockImplementation(() => {
    statuses.push(opened.running.status);
    throw new Error('not yet');
  });
  await opened.append(counted('a'), counted('a'));
  await vi.waitFor(() => expect(failing.mock.calls.length).toBeGreaterThan(3), 20_000);
  expect(opened.running).toMatchObject({ status: 'RETRYING', lastError: 'not yet' });
  failing.mockRestore();
  await opened.settle();
  await vi.waitFor(() => expect(opened.running).toMatchObject({ status: 'LIVE', lastError: null }));
  // Between the tries it goes on being retried, for whoever looks.
  expect(new Set(statuses.slice(1))).toEqual(new Set(['RETRYING']));
  expect(await opened.rows()).toEqual([{ id: 'a', total: 2, label: null, position: 2 }]);
});

test('two processes that run one projection apply each event once, and both know how far it is', async () => {
  await using one = await openCounters();
  await using other = await openCounters({ url: one.url });
  await writeConcurrently([one, other, one, other], 40);
  await Promise.all([one.settle(), other.settle()]);
  expect(await one.backend.log.head()).toBeGreaterThan(160);
  expect(await one.rows()).toEqual(await one.folded());
  expect(one.running.feed.position).toBe(other.running.feed.position);
});

test('connections that are cut while events come are opened again, and nothing is lost or doubled', async () => {
  await using opened = await openCounters();
  await using writer = await openCounters({ url: opened.url });
  await writer.running.stop();
  const writing = writeConcurrently([writer], 60);
  for (let cut = 0; cut < 3; cut += 1) {
    await vi.waitFor(() => expect(opened.running.feed.position).toBeGreaterThan(cut * 15), 20_000);
    // Those that projections work on, in the middle of a transaction or between two; not the one that appends.
    await writer.session.execute(sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and query ~ 'tracking|counters|commit' and query !~ 'append'`);
  }
  await writing;
  const head = await writer.backend.log.head();
  await opened.running.waitFor(head, { timeout: 30_000 });
  expect(await writer.rows()).toEqual(await writer.folded());
  await vi.waitFor(() => expect(opened.running).toMatchObject({ status: 'LIVE', lastError: null }), 20_000);
});

test('what a database lost in a crash is folded again', async () => {
  await using opened = await openCounters();
  await opened.append(counted('a'), counted('a'));
  await opened.settle();
  await opened.append(counted('a', 'b'));
  await opened.settle();
  // A commit that did not wait for the disk is lost whole: rows and position.
  await opened.session.transaction(async (transaction) => {
    await transaction.execute(sql`delete from counters where id = 'b'`);
    await transaction.execute(sql`update counters set total = 2, position = 2`);
    await transaction.execute(sql`update livefold.tracking set position = 2 where consumer = 'counters'`);
  });
  await opened.append(counted('b'));
  await opened.settle();
  expect(await opened.rows()).toEqual(await opened.folded());
});

test('a projection that is held up holds up no append', async () => {
  await using opened = await openCounters();
  await using other = await openCounters({ url: opened.url });
  await other.session.transaction(async (transaction) => {
    await transaction.execute(sql`lock table counters in share mode`);
    for (let n = 1; n <= 5; n += 1) {
      expect(await opened.append(counted('a'))).toBe(n);
      // So that the projection is at it before the next append comes.
      await vi.waitFor(async () => {
        const waiting = await transaction.execute(sql`
          select from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())`);
        expect(waiting.length).toBeGreaterThan(0);
      }, 20_000);
    }
  });
  await opened.settle();
  expect(await opened.rows()).toEqual(await opened.folded());
});

test('waiting for a position that does not come names the projection', async () => {
  await using opened = await openCounters();
  await expect(opened.running.waitFor(1, { timeout: 1 })).rejects.toMatchObject({
    code: 'PROJECTION_LAGGING',
    fields: { projection: 'counters', position: '0', atLeast: '1' },
  });
  await expect(
    opened.running.waitFor(1, { timeout: 60_000, signal: AbortSignal.abort() }),
  ).rejects.toMatchObject({ code: 'ABORTED' });
});

test('removals are remembered up to ten thousand: before them nobody can say what changed', async () => {
  await using opened = await openCounters();
  const names = Array.from({ length: 10_002 }, (_, index) => `c${index}`);
  const created = await opened.append(counted(...names));
  await opened.settle();
  const first = await opened.append(removed(...names.slice(0, 3)));
  await opened.append(removed(...names.slice(3, 5)));
  await opened.settle();
  const { models } = opened.backend;
  const since = (after: number) => models.changesSince(opened.counters, after, { limit: 20_000 });
  expect((await since(created))?.removed.toSorted()).toEqual(names.slice(0, 5).toSorted());
  await opened.append(removed(...names.slice(5)));
  await opened.settle();
  expect(await since(created)).toBeNull();
  expect((await since(first))?.removed.toSorted()).toEqual(names.slice(3).toSorted());
});

test('a key that has a row again counts as changed, not as removed', async () => {
  await using opened = await openCounters();
  const before = await opened.append(counted('a'), counted('b'));
  await opened.settle();
  await opened.append(removed('a', 'b'));
  await opened.settle();
  const last = await opened.append(counted('a'));
  await opened.settle();
  expect(await opened.backend.models.changesSince(opened.counters, before, { limit: 10 })).toEqual({
    position: last,
    upserted: [{ id: 'a', total: 1, label: null, position: last }],
    removed: ['b'],
  });
});

test('rows and the position that they come with are of one moment, however fast they change', async () => {
  await using opened = await openCounters();
  const { models } = opened.backend;
  let isWriting = true;
  async function findAhead(): Promise<readonly unknown[]> {
    const ahead: unknown[] = [];
    while (isWriting) {
      const changes = await models.changesSince(opened.counters, 0, { limit: 10 });
      const snapshot = await models.snapshot(opened.counters, { limit: 10 });
      const answers = [{ position: changes?.position, rows: changes?.upserted ?? [] }, snapshot];
      for (const { position, rows } of answers)
        ahead.push(...rows.filter((row) => Number(row.position) > Number(position)));
    }
    return ahead;
  }
  const finding = findAhead();
  for (let round = 0; round < 200; round += 1) await opened.append(counted('a'));
  await opened.settle();
  isWriting = false;
  expect(await finding).toEqual([]);
});

test('more changes than asked for are not told', async () => {
  await using opened = await openCounters();
  await opened.append(counted('a', 'b', 'c'));
  await opened.settle();
  expect(await opened.backend.models.changesSince(opened.counters, 0, { limit: 2 })).toBeNull();
  expect(await opened.backend.models.changesSince(opened.counters, 0, { limit: 3 })).toMatchObject({
    removed: [],
  });
});
