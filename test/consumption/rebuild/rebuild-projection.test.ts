import { sql } from 'drizzle-orm';
import { expect, test, vi } from 'vitest';
import { createPostgresRebuilds } from '../../../src/adapters/postgres/postgres-rebuilds.ts';
import { auditCounters, faultsOf } from '../audit/audit-counters.ts';
import { counted, countersProjection, removed } from '../counters.ts';
import { type OpenCounters, openCounters } from '../open-counters.ts';
import { openTallies } from '../open-tallies.ts';
import { eventually } from '../spread.ts';
import { createTalliesDatabase, tally } from '../tallies.ts';
import { writeConcurrently } from '../write-concurrently.ts';
import { allTheTime, openOutdated, rebuild } from './rebuild-counters.ts';

const same = { different: 0, onlyOld: 0, onlyNew: 0, examples: [] };

/** What is in the schemas for tables beside those that serve. */
async function besides({ session }: OpenCounters): Promise<readonly unknown[]> {
  const rows = await session.execute<{ name: string }>(
    sql`select schemaname || '.' || tablename as name from pg_tables where schemaname in ('livefold_next', 'livefold_old') order by 1`,
  );
  return rows.map(({ name }) => name);
}

async function trackedRow({ session }: OpenCounters, consumer = 'counters') {
  const [row] = await session.execute(
    sql`select position::int, definition, fault, beyond::int from livefold.tracking where consumer = ${consumer}`,
  );
  return row;
}

test('a table is built anew beside the one that serves, compared, and put in its place', async () => {
  await using opened = await openOutdated();
  const before = await opened.rows();
  const outcome = await rebuild(opened, opened.counters);
  expect(outcome).toMatchObject({ isExchanged: true, comparison: { equal: 0, onlyOld: 0, onlyNew: 0 } });
  expect(outcome.comparison?.different).toBe(before.length);
  expect(outcome.comparison?.examples).toHaveLength(5);
  expect(await opened.rows()).toEqual(await opened.folded());
  expect(await opened.rows()).not.toEqual(before);
  await opened.append(counted('a'), removed('c1'));
  await opened.settle();
  expect(await opened.rows()).toEqual(await opened.folded());
  expect(await trackedRow(opened, 'counters@next')).toBeUndefined();
});

test('one that is the same is dropped, and known to be of this definition; unless it is forced', async () => {
  await using older = await openCounters();
  await writeConcurrently([older], 10);
  await older.settle();
  await older.backend.stop();
  await using opened = await openCounters({ url: older.url, version: 'the same rows' });
  await eventually(async () => expect(opened.running.isOutdated).toBe(true));
  const rows = await opened.rows();
  const equal = rows.length;
  const position = await opened.backend.log.head();
  expect(await rebuild(opened, opened.counters)).toEqual({
    ...{ comparison: { equal, ...same }, isExchanged: false, position },
  });
  expect(await besides(opened)).toEqual([]);
  expect(await trackedRow(opened)).toMatchObject({ definition: opened.counters.fingerprint });
  await eventually(async () => expect(opened.running.isOutdated).toBe(false));
  expect(await rebuild(opened, opened.counters, { isForced: true })).toMatchObject({ isExchanged: true });
  expect(await besides(opened)).toEqual(['livefold_old.counters']);
  expect(await opened.rows()).toEqual(rows);
});

test.for([
  ['async', 'async'],
  ['inline', 'inline'],
] as const)(
  'while an %s projection is written to all the time nothing differs but what is to',
  async ([_, mode]) => {
    await using opened = await openCounters({ mode });
    await using other = await openCounters({ url: opened.url, mode });
    await opened.append(counted('first'));
    {
      await using _writing = allTheTime(() => writeConcurrently([opened, other, opened, other], 4));
      for (let round = 0; round < 4; round += 1) {
        const outcome = await rebuild(opened, opened.counters, { isForced: round % 2 === 0 });
        expect(outcome).toMatchObject({ comparison: same, isExchanged: round % 2 === 0 });
        expect(outcome.comparison?.equal).toBeGreaterThan(0);
      }
    }
    await Promise.all([opened.settle(), other.settle()]);
    expect(await opened.rows()).toEqual(await opened.folded());
  },
);

test('a projection of several shards is rebuilt as one, while two processes fold it', async () => {
  await using created = await createTalliesDatabase();
  const projections = [tally('many', { shards: 4 })];
  await using opened = await openTallies(created.url, { projections });
  await using other = await openTallies(created.url, { projections });
  const [many = tally('many')] = projections;
  {
    await using _writing = allTheTime(async (round) => {
      await opened.append(counted(`c${round % 30}`, `d${round % 11}`), counted('all'));
      if (round % 7 === 0) await other.append(removed(`c${round % 13}`));
    });
    for (let round = 0; round < 4; round += 1)
      expect(await rebuild(opened, many, { isForced: true })).toMatchObject({
        comparison: same,
        isExchanged: true,
      });
  }
  await opened.settle();
  expect(await opened.rows()).toEqual(await opened.folded());
  await createPostgresRebuilds(opened.backend.database).rollBack(many);
  await opened.append(counted('again'));
  await opened.settle();
  expect(await opened.rows()).toEqual(await opened.folded());
});

test('indexes, constraints, rights and settings are those of the table before, under their names', async () => {
  await using opened = await openOutdated();
  const { session } = opened;
  await session.execute(sql`create index counters_total on counters (total desc, label) where total > 0`);
  await session.execute(sql`alter table counters add constraint "Only Once" unique (id, total)`);
  await session.execute(sql`alter table counters add constraint positive check (total >= 0)`);
  await session.execute(sql`alter table counters alter label set default 'none'`);
  await session.execute(sql`alter table counters set (fillfactor = 70)`);
  await session.execute(sql`comment on column counters.label is 'what it is called'`);
  await session.execute(sql`grant select on counters to public`);
  await session.execute(sql`grant update (label) on counters to pg_monitor with grant option`);
  const described = async () => {
    const [description] = await session.execute(sql`select
      (select array_agg(indexdef order by indexname) from pg_indexes where tablename = 'counters' and schemaname = 'public') as indexes,
      (select array_agg(conname || ' ' || pg_get_constraintdef(oid) order by conname) from pg_constraint where conrelid = 'counters'::regclass) as constraints,
      (select array_agg(column_name || coalesce(column_default, '') || coalesce(col_description('counters'::regclass, ordinal_position), '') order by column_name)
        from information_schema.columns where table_name = 'counters' and table_schema = 'public') as columns,
      (select row(relowner, reloptions, (select array_agg(a::text order by a::text) from unnest(relacl) as a))::text from pg_class where oid = 'counters'::regclass) as rights,
      (select array_agg(attacl::text) from pg_attribute where attrelid = 'counters'::regclass and attacl is not null) as fields`);
    return description;
  };
  const before = await described();
  expect(await rebuild(opened, opened.counters)).toMatchObject({ isExchanged: true });
  expect(await described()).toEqual(before);
});

test.for([
  ['a view', 'create view seen as select id from counters', /view seen/],
  [
    'a foreign key',
    'create table fans (counter text collate "C" references counters)',
    /fans_counter_fkey on table fans/,
  ],
  [
    'a trigger',
    'create trigger noisy before update on counters for each row execute function suppress_redundant_updates_trigger()',
    /trigger noisy/,
  ],
  ['a publication', 'create publication told for table counters', /publication told/],
  [
    'a policy',
    'alter table counters enable row level security; create policy mine on counters using (true)',
    /policy mine.*row level security/,
  ],
  ['a column of its type', 'create table copies (one counters)', /column one of table copies|table copies/],
  ['a serial column', 'alter table counters add column number serial', /default value for column number/],
] as const)(
  '%s that hangs on the table is not left behind: it is named, and nothing is done',
  async ([_, statement, named]) => {
    await using opened = await openOutdated();
    await opened.session.execute(sql.raw(statement));
    const rows = await opened.rows();
    await expect(rebuild(opened, opened.counters)).rejects.toMatchObject({
      code: 'REBUILD_REFUSED',
      message: expect.stringMatching(named),
    });
    expect(await opened.rows()).toEqual(rows);
  },
);

test('the table of before is put back, catches up, and can be exchanged again; discarded it is gone', async () => {
  await using opened = await openOutdated();
  const rebuilds = createPostgresRebuilds(opened.backend.database);
  await expect(rebuilds.rollBack(opened.counters)).rejects.toMatchObject({ code: 'NOTHING_TO_ROLL_BACK' });
  const before = await opened.rows();
  const { position } = await rebuild(opened, opened.counters);
  const after = await opened.rows();
  expect(await rebuilds.rollBack(opened.counters)).toBe(position);
  expect(await opened.rows()).toEqual(before);
  expect(await trackedRow(opened)).not.toMatchObject({ definition: opened.counters.fingerprint });
  const later = await opened.append(counted('c0'), counted('c0'));
  await opened.settle();
  expect(await rebuilds.rollBack(opened.counters)).toBe(position);
  // It stands where it was left, and catches up from there.
  await opened.running.waitFor(later, { timeout: 30_000 });
  await eventually(async () => expect(await opened.rows()).toEqual(await opened.folded()));
  expect(await opened.rows()).not.toEqual(after);
  expect(await rebuilds.discard(opened.counters)).toEqual({ old: true, unfinished: false });
  expect(await besides(opened)).toEqual([]);
  expect(await rebuilds.discard(opened.counters)).toEqual({ old: false, unfinished: false });
  await expect(rebuilds.rollBack(opened.counters)).rejects.toMatchObject({ code: 'NOTHING_TO_ROLL_BACK' });
});

test('a rebuild that is stopped goes on where it was, under the same definition; under another it begins anew', async () => {
  await using opened = await openOutdated();
  const starts: unknown[] = [];
  const stopping = new AbortController();
  const stopped = rebuild(opened, opened.counters, {
    signal: stopping.signal,
    onProgress: (step) => {
      if (step.phase === 'begun') starts.push([step.start, step.position]);
      if (step.phase === 'indexing') stopping.abort();
    },
  });
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
  const head = await opened.backend.log.head();
  expect(await besides(opened)).toEqual(['livefold_next.counters']);
  const noted = { onProgress: (step: { phase: string }) => void starts.push(step) };
  await rebuild(opened, opened.counters, {
    ...noted,
    signal: AbortSignal.timeout(60_000),
  });
  expect(starts.slice(0, 2)).toEqual([['new', 0], { phase: 'begun', start: 'resumed', position: head }]);
  expect(await opened.rows()).toEqual(await opened.folded());

  const again = new AbortController();
  const left = rebuild(opened, opened.counters, {
    signal: again.signal,
    onProgress: ({ phase }) => void (phase === 'indexing' && again.abort()),
  });
  await expect(left).rejects.toMatchObject({ code: 'ABORTED' });
  await using newest = await openCounters({ url: opened.url, version: 3, step: 3 });
  starts.length = 0;
  await rebuild(newest, newest.counters, noted);
  expect(starts[0]).toEqual({ phase: 'begun', start: 'anew', position: 0 });
  expect(await newest.rows()).toEqual(await newest.folded());
});

test('two at once: the second is told who is at it', async () => {
  await using opened = await openOutdated();
  let go = (): void => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  const { models } = opened.backend;
  const first = rebuild(opened, opened.counters, {
    name: 'the first',
    models: { ...models, apply: (...given) => held.then(() => models.apply(...given)) },
  });
  await eventually(async () => expect(await besides(opened)).toEqual(['livefold_next.counters']));
  await expect(rebuild(opened, opened.counters)).rejects.toMatchObject({
    code: 'REBUILD_UNDER_WAY',
    message: expect.stringContaining('the first'),
  });
  const rebuilds = createPostgresRebuilds(opened.backend.database);
  await expect(rebuilds.discard(opened.counters)).rejects.toMatchObject({ code: 'REBUILD_UNDER_WAY' });
  go();
  expect(await first).toMatchObject({ isExchanged: true });
  expect(await opened.rows()).toEqual(await opened.folded());
});

test('a reader who holds the table holds up no other reader for long, and the exchange comes when it has ended', async () => {
  await using opened = await openOutdated();
  const { session } = opened;
  let outcome: Promise<unknown> = Promise.resolve();
  await session.transaction(async (transaction) => {
    await transaction.execute(sql`select count(*) from counters`);
    outcome = rebuild(opened, opened.counters);
    await eventually(async () => {
      const [waiting] = await transaction.execute(
        sql`select from pg_locks where not granted and mode = 'AccessExclusiveLock' and relation = 'counters'::regclass`,
      );
      expect(waiting).toBeDefined();
    });
    // Behind the exchange in the queue, until that gives way.
    expect(await opened.rows()).not.toEqual([]);
  });
  expect(await outcome).toMatchObject({ isExchanged: true });
  expect(await opened.rows()).toEqual(await opened.folded());
});

test('a batch that was folded from the old rows is not written to the new ones, leased or not', async () => {
  await using opened = await openOutdated();
  await opened.running.stop();
  const { models } = opened.backend;
  const before = await models.place(opened.counters);
  await rebuild(opened, opened.counters);
  const rows = await opened.rows();
  const { store } = opened.backend;
  const { position } = await store.append({ events: [counted('c0')] });
  const events = await opened.backend.log.read(before.position);
  const batch = { after: before.position, to: position, events };
  const stale = { owner: null, token: before.token };
  expect(await models.apply(opened.counters, { ...batch, lease: stale })).toBeNull();
  expect(await opened.rows()).toEqual(rows);
  const { token } = await models.place(opened.counters);
  expect(await models.apply(opened.counters, { ...batch, lease: { owner: null, token } })).toHaveLength(1);
});

test('a table that was dropped by hand stops its projection, and one made again empty is not folded on', async () => {
  await using opened = await openCounters();
  await opened.append(counted('a'), counted('b'));
  await opened.settle();
  await opened.session.execute(sql`alter table counters rename to hidden`);
  await opened.append(counted('a'));
  await eventually(async () =>
    expect(opened.running).toMatchObject({
      status: 'STOPPED',
      lastError: expect.stringContaining('livefold projections rebuild counters'),
    }),
  );
  await expect(rebuild(opened, opened.counters)).rejects.toMatchObject({ code: 'REBUILD_REFUSED' });
  await opened.session.execute(sql`create table counters (like hidden including all)`);
  await opened.append(counted('a'));
  await using restarted = await openCounters({ url: opened.url });
  await eventually(async () => expect(restarted.running.status).toBe('STOPPED'));
  expect(await opened.rows()).toEqual([]);
  expect(await trackedRow(opened)).toMatchObject({ position: 2 });

  expect(await rebuild(opened, opened.counters)).toEqual({
    ...{ comparison: null, isExchanged: true, position: 4 },
  });
  expect(await trackedRow(opened)).toMatchObject({ position: 4, fault: null });
  await opened.append(counted('b'));
  await opened.settle();
  expect(await opened.rows()).toEqual(await opened.folded());
  await vi.waitFor(() => expect(opened.running).toMatchObject({ status: 'LIVE', lastError: null }), 20_000);
});

test('a table that is not there at start stops its projection, unless nothing was folded yet', async () => {
  await using opened = await openCounters();
  await opened.session.execute(sql`alter table counters rename to hidden`);
  await using early = await openCounters({ url: opened.url });
  await early.append(counted('a'));
  await eventually(async () => expect(early.running.status).toBe('STOPPED'));
  await opened.session.execute(sql`alter table hidden rename to counters`);
  await early.settle();
  expect(await early.rows()).toEqual(await early.folded());
  await Promise.all([opened.backend.stop(), early.backend.stop()]);

  await using later = await openCounters({ url: opened.url });
  await later.session.execute(sql`drop table counters`);
  await later.backend.stop();
  await using last = await openCounters({ url: opened.url });
  await eventually(async () => expect(last.running.status).toBe('STOPPED'));
  expect(await trackedRow(last)).toMatchObject({ position: 1, fault: expect.stringMatching(/not there/) });
});

test('an inline projection whose table was dropped takes no append until it is rebuilt', async () => {
  await using opened = await openCounters({ mode: 'inline' });
  await opened.append(counted('a'), counted('a'));
  await opened.session.execute(sql`alter table counters rename to hidden`);
  await expect(opened.append(counted('a'))).rejects.toMatchObject({ code: 'READ_TABLE_MISSING' });
  await eventually(async () => expect(await trackedRow(opened)).toMatchObject({ fault: expect.any(String) }));
  await opened.session.execute(sql`create table counters (like hidden including all)`);
  await expect(opened.append(counted('a'))).rejects.toMatchObject({ code: 'PROJECTION_STOPPED' });
  await rebuild(opened, opened.counters);
  await opened.append(counted('a'));
  expect(await opened.rows()).toEqual(await opened.folded());
});

test('what was parked is what the new table has parked: nothing where the handler is mended', async () => {
  await using opened = await openCounters({
    onFold(_, key) {
      if (key === 'bad') throw new Error('not mine');
      return undefined;
    },
  });
  await opened.append(counted('bad', 'good'), counted('bad'));
  await opened.settle();
  const parked = async (consumer: string) =>
    (await opened.session.execute(sql`select key from livefold.parked where consumer = ${consumer}`)).length;
  expect(await parked('counters')).toBe(2);
  expect(await rebuild(opened, opened.counters)).toMatchObject({ isExchanged: false, comparison: same });
  expect([await parked('counters'), await parked('counters@next')]).toEqual([2, 0]);

  const mended = countersProjection({ version: 'mended' });
  expect(await rebuild(opened, mended)).toMatchObject({ comparison: { equal: 1, onlyNew: 1 } });
  expect([await parked('counters'), await parked('counters@old')]).toEqual([0, 2]);
  expect(await opened.rows()).toMatchObject([
    { id: 'bad', total: 2 },
    { id: 'good', total: 1 },
  ]);
});

test.each([
  ['is mended', undefined, [3, 1]],
  ['still fails', 'bad', [1, 1]],
] as const)(
  'what was skipped is folded again: if its handler %s, rows and what is kept back are of one mind, before and after a rollback',
  async (_, failing, totals) => {
    let bad: string | undefined = 'bad';
    await using opened = await openCounters({
      onFold(event, key) {
        if (key === bad && event.position === 2) throw new Error('not mine');
        return undefined;
      },
    });
    await opened.append(counted('bad', 'good'), counted('bad'), counted('bad'));
    await opened.settle();
    const { parked } = opened.backend.models;
    await parked.ask('counters', 'skip', 'bad');
    await eventually(async () => expect(await parked.keys('counters')).toEqual([]));
    const skipped = await parked.skipped('counters');
    expect(skipped).toEqual([{ key: 'bad', position: 2 }]);
    const before = await opened.rows();
    expect(before).toMatchObject([{ total: 2 }, { total: 1 }]);
    expect(faultsOf(await auditCounters(opened))).toEqual([]);

    bad = failing;
    expect(await rebuild(opened, opened.counters)).toMatchObject({ isExchanged: true });
    expect(await parked.skipped('counters')).toEqual([]);
    expect(await parked.keys('counters')).toEqual(failing === undefined ? [] : ['bad']);
    expect((await opened.rows()).map(({ total }) => total)).toEqual(totals);
    expect(faultsOf(await auditCounters(opened))).toEqual([]);

    await createPostgresRebuilds(opened.backend.database).rollBack(opened.counters);
    expect(await opened.rows()).toEqual(before);
    expect(await parked.skipped('counters')).toEqual(skipped);
    expect(await parked.keys('counters')).toEqual([]);
    expect(faultsOf(await auditCounters(opened))).toEqual([]);
  },
);

test('a projection that began at the end of the log is rebuilt from there', async () => {
  await using created = await createTalliesDatabase();
  await using earlier = await openTallies(created.url, { projections: [tally('first')] });
  await earlier.append(counted('a'), counted('b'));
  const late = tally('second', { startAt: 'end' });
  await using opened = await openTallies(created.url, { projections: [late] });
  await opened.append(counted('a'));
  await opened.settle();
  expect(await rebuild(opened, late, { isForced: true })).toMatchObject({
    comparison: { equal: 1, ...same },
    isExchanged: true,
  });
  await opened.append(counted('a'), counted('b'));
  await opened.settle();
  expect(await opened.rows()).toMatchObject([
    [
      { id: 'a', total: 2 },
      { id: 'b', total: 1 },
    ],
  ]);
});

test('a projection ahead of its log, which was restored from an older backup, stands still until it is rebuilt', async () => {
  await using older = await openCounters();
  await older.append(counted('a'), counted('b'));
  await older.settle();
  // As a restored log has it, beside a read table that was not restored.
  await older.session.execute(sql`update livefold.tracking set position = 9`);
  await older.session.execute(sql`update counters set total = 9, position = 9`);
  await older.backend.stop();
  await using opened = await openCounters({ url: older.url });
  await eventually(async () => expect(opened.running.status).toBe('STOPPED'));
  expect(opened.running.lastError).toContain('has folded 9 events and the log has had only 2');
  expect(await rebuild(opened, opened.counters)).toEqual({
    ...{ comparison: null, isExchanged: true, position: 2 },
  });
  expect(await trackedRow(opened)).toMatchObject({ position: 2, beyond: null });
  expect(await opened.rows()).toEqual(await opened.folded());
  await eventually(async () => expect(opened.running.feed.position).toBe(2));
  await opened.append(counted('a'));
  await opened.settle();
  expect(await opened.rows()).toEqual(await opened.folded());
});
