import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { createPostgresRebuilds } from '../../../src/adapters/postgres/postgres-rebuilds.ts';
import { shardOfProjection } from '../../../src/consumption/shards.ts';
import { sleep } from '../../../src/kernel/async.ts';
import { counted, labelled, removed } from '../counters.ts';
import { type OpenSqlCounters, openSqlCounters } from '../open-sql-counters.ts';
import { eventually } from '../spread.ts';
import { movesTable, type SqlCountersOptions } from '../sql-counters.ts';
import { allTheTime, rebuild } from './rebuild-counters.ts';

const same = { different: 0, onlyOld: 0, onlyNew: 0, examples: [] };

/** Which of the tables are in a schema for those beside the ones that serve. */
async function besides({ session }: OpenSqlCounters): Promise<readonly unknown[]> {
  const rows = await session.execute<{ name: string }>(
    sql`select schemaname || '.' || tablename as name from pg_tables where schemaname in ('livefold_next', 'livefold_old') order by 1`,
  );
  return rows.map(({ name }) => name);
}

/** Nothing is there twice or missing: neither in the projection's own table nor in its further one. */
async function expectWhole(opened: OpenSqlCounters): Promise<void> {
  expect(await opened.rows()).toEqual(await opened.folded());
  expect(await opened.moves()).toEqual(await opened.counts());
}

/** An older definition has written further moves, which are nowhere in the log. */
const sloppy: SqlCountersOptions = {
  version: 'sloppy',
  async onCounted(transaction, { position }, key) {
    if (key === 'a') await transaction.insert(movesTable).values({ position: -position, counter: key });
  },
};

/** The tables that such a definition has filled, with a backend of today's on them. */
async function openOutdated(): Promise<OpenSqlCounters> {
  const older = await openSqlCounters(sloppy);
  await older.append(counted('a', 'b'), counted('a'), labelled('b', 'x'), removed('b'), counted('c'));
  await older.settle();
  await older.backend.stop();
  const opened = await openSqlCounters({ url: older.url });
  await opened.settle();
  return {
    ...opened,
    async [Symbol.asyncDispose]() {
      await opened.backend.stop();
      await older[Symbol.asyncDispose]();
    },
  };
}

test('a further table is built, compared and exchanged with its projection, put back with it, and discarded with it', async () => {
  await using opened = await openOutdated();
  const rebuilds = createPostgresRebuilds(opened.backend.database);
  await eventually(async () => expect(opened.running.isOutdated).toBe(true));
  expect(await opened.moves()).toHaveLength(6);
  const outcome = await rebuild(opened, opened.counters);
  expect(outcome).toMatchObject({ isExchanged: true, comparison: { equal: 6, onlyOld: 2, onlyNew: 0 } });
  expect(outcome.comparison?.examples).toEqual([
    { key: 'moves (-1,a)', is: 'onlyOld' },
    { key: 'moves (-2,a)', is: 'onlyOld' },
  ]);
  await expectWhole(opened);
  expect(await besides(opened)).toEqual(['livefold_old.counters', 'livefold_old.moves']);
  await opened.append(counted('a'), removed('c'));
  await opened.settle();
  await expectWhole(opened);

  await rebuilds.rollBack(opened.counters);
  await opened.append(counted('c'));
  await opened.settle();
  expect(await opened.rows()).toEqual(await opened.folded());
  expect(await opened.moves()).toEqual(['-1 a', '-2 a', ...(await opened.counts())].sort());
  expect(await besides(opened)).toEqual(['livefold_old.counters', 'livefold_old.moves']);

  expect(await rebuilds.discard(opened.counters)).toEqual({ old: true, unfinished: false });
  expect(await besides(opened)).toEqual([]);
});

test.each<SqlCountersOptions>([{}, { shards: 3 }, { mode: 'inline' }])(
  'while tables are written to all the time nothing differs, and nothing is lost: %o',
  async (options) => {
    await using opened = await openSqlCounters(options);
    await using other = await openSqlCounters({ ...options, url: opened.url });
    await opened.append(counted('first'));
    {
      await using _writing = allTheTime(async (round) => {
        await Promise.all([
          opened.append(counted(`c${round % 9}`, 'all'), labelled('all', `${round}`)),
          other.append(counted(`d${round % 5}`, 'all')),
        ]);
        if (round % 5 === 0) await other.append(removed(`c${round % 9}`));
        // Handlers that ask the database for each event are slower than appends that go out together.
        await sleep(50);
      });
      for (let round = 0; round < 3; round += 1) {
        const isForced = round % 2 === 0;
        const outcome = await rebuild(opened, opened.counters, { isForced });
        expect(outcome).toMatchObject({ comparison: same, isExchanged: isForced });
        expect(outcome.comparison?.equal).toBeGreaterThan(1);
      }
    }
    await Promise.all([opened.settle(), other.settle()]);
    await expectWhole(opened);
  },
  60_000,
);

test('shards that are not as far as each other are levelled, so that further tables can be compared, and the old ones stay whole', async () => {
  await using opened = await openSqlCounters({ shards: 3 });
  const names = Array.from({ length: 12 }, (_, index) => `c${index}`);
  const first = await opened.append(counted(...names));
  await opened.settle();
  await opened.running.stop();
  const to = await opened.append(counted(...names), removed('c1'), counted('c1', 'c2'));
  const { log, models } = opened.backend;
  const ahead = shardOfProjection(opened.counters, { index: 1, count: 3 });
  expect(await models.apply(ahead, { after: first, to, events: await log.read(first) })).toBe('unknown');
  const halfway = await opened.moves();
  expect(halfway.length).toBeGreaterThan(names.length);
  expect(halfway.length).toBeLessThan((await opened.counts()).length);

  expect(await rebuild(opened, opened.counters, { isForced: true })).toMatchObject({
    ...{ comparison: same, isExchanged: true, position: to },
  });
  await expectWhole(opened);
  expect(await createPostgresRebuilds(opened.backend.database).rollBack(opened.counters)).toBe(to);
  await expectWhole(opened);
});

test('a rebuild that is stopped goes on where it was; one whose further table is gone begins anew', async () => {
  await using opened = await openOutdated();
  const stopIndexing = (stopping: AbortController) =>
    rebuild(opened, opened.counters, {
      signal: stopping.signal,
      onProgress: ({ phase }) => void (phase === 'indexing' && stopping.abort()),
    });
  await expect(stopIndexing(new AbortController())).rejects.toMatchObject({ code: 'ABORTED' });
  expect(await besides(opened)).toEqual(['livefold_next.counters', 'livefold_next.moves']);
  const starts: unknown[] = [];
  const again = new AbortController();
  const resumed = rebuild(opened, opened.counters, {
    signal: again.signal,
    onProgress: (step) => {
      if (step.phase === 'begun') starts.push(step.start);
      if (step.phase === 'indexing') again.abort();
    },
  });
  await expect(resumed).rejects.toMatchObject({ code: 'ABORTED' });
  await opened.session.execute(sql`drop table livefold_next.moves`);
  await rebuild(opened, opened.counters, {
    onProgress: (step) => void (step.phase === 'begun' && starts.push(step.start)),
  });
  expect(starts).toEqual(['resumed', 'anew']);
  await expectWhole(opened);
});

test('rows without a primary key are compared by how often each is there', async () => {
  await using opened = await openOutdated();
  await opened.session.execute(sql`alter table moves drop constraint moves_pkey`);
  await opened.session.execute(sql`insert into moves values (1, 'b')`);
  expect(await rebuild(opened, opened.counters)).toMatchObject({
    comparison: { equal: 6, different: 0, onlyOld: 3, onlyNew: 0 },
  });
  await expectWhole(opened);
});

test('what hangs on a further table refuses a rebuild, and one that was dropped stops the projection until it is rebuilt', async () => {
  await using opened = await openOutdated();
  await opened.session.execute(sql`create view seen as select counter from moves`);
  await expect(rebuild(opened, opened.counters)).rejects.toMatchObject({
    code: 'REBUILD_REFUSED',
    message: expect.stringMatching(/public\.moves.*view seen/),
  });
  await opened.session.execute(sql`drop view seen`);
  await opened.session.execute(sql`alter table moves rename to hidden`);
  await opened.append(counted('a'));
  await eventually(async () =>
    expect(opened.running).toMatchObject({ status: 'STOPPED', lastError: expect.stringMatching(/"moves"/) }),
  );
  await expect(rebuild(opened, opened.counters)).rejects.toMatchObject({ code: 'REBUILD_REFUSED' });
  await opened.session.execute(sql`create table moves (like hidden including all)`);
  expect(await rebuild(opened, opened.counters)).toMatchObject({ comparison: null, isExchanged: true });
  await opened.settle();
  await expectWhole(opened);
});
