import { sql } from 'drizzle-orm';
import { bigint, integer, pgSchema, primaryKey, text } from 'drizzle-orm/pg-core';
import fc from 'fast-check';
import { expect, expectTypeOf, test, vi } from 'vitest';
import type { Session } from '../../src/adapters/postgres/database.ts';
import { key as keyColumn, position as positionColumn } from '../../src/app/read-columns.ts';
import { foldRow } from '../../src/consumption/fold-rows.ts';
import { KeptBackEvents } from '../../src/consumption/kept-back-events.ts';
import { type AnyProjection, type Projection, projection } from '../../src/consumption/projection.ts';
import { lastRow } from '../../src/consumption/row-history.ts';
import type { SqlTransaction } from '../../src/consumption/sql-handler.ts';
import type { StoredEvent } from '../../src/domain/event.ts';
import { everything } from '../../src/domain/query.ts';
import { sleep } from '../../src/kernel/async.ts';
import { LiveClient } from '../graphql/live-client.ts';
import { Program } from '../support/program.ts';
import { auditCounters, faultsOf } from './audit/audit-counters.ts';
import { Counted, counted, countersProjection, Labelled, labelled, removed, whispered } from './counters.ts';
import { openSqlCounters } from './open-sql-counters.ts';
import { createMoves, movesTable, type SqlCountersOptions } from './sql-counters.ts';

const never = (): Promise<never> => new Promise(() => {});

test('property: rows and further tables hold what the log says, each event once', async () => {
  await using opened = await openSqlCounters();
  const name = fc.constantFrom('a', 'b', 'c');
  const names = fc.uniqueArray(name, { maxLength: 3 });
  const event = fc.oneof(
    names.map((some) => () => counted(...some)),
    names.map((some) => () => removed(...some)),
    name.map((one) => () => labelled(one, 'x')),
    fc.constant(whispered),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(event, { minLength: 1, maxLength: 6 }), { maxLength: 5 }),
      async (batches) => {
        for (const batch of batches) await opened.append(...batch.map((make) => make()));
        await opened.settle();
        expect(await opened.rows()).toEqual(await opened.folded());
        expect(await opened.moves()).toEqual(await opened.counts());
      },
    ),
    { numRuns: 25 },
  );
}, 60_000);

test.each<SqlCountersOptions>([{}, { shards: 3 }])(
  'processes that are killed again and again, while others write, apply each event once: %o',
  async (options) => {
    await using opened = await openSqlCounters(options);
    await opened.running.stop();
    const script = new URL('sql-projecting-process.ts', import.meta.url).pathname;
    const program = [script, opened.url, String(options.shards ?? 1)];
    let isWriting = true;
    const writing = Promise.all(
      [0, 1].map(async (writer) => {
        for (let n = 0; isWriting; n += 1) {
          await opened.append(counted(`c${n % 9}`, 'all'), counted(`w${writer}`));
          await sleep(30);
        }
      }),
    );
    try {
      for (let kill = 0; kill < 2; kill += 1) {
        const one = new Program(program, { env: {} });
        const other = new Program(program, { env: {} });
        await Promise.all([one.line(/projecting/), other.line(/projecting/)]);
        const before = (await opened.moves()).length;
        await vi.waitFor(async () => expect((await opened.moves()).length).toBeGreaterThan(before), 30_000);
        await Promise.all([one.end('SIGKILL'), other.end('SIGKILL')]);
      }
    } finally {
      isWriting = false;
      await writing;
    }
    await using last = await openSqlCounters({ ...options, url: opened.url });
    await last.settle();
    expect(await last.moves()).toEqual(await last.counts());
    expect(await last.rows()).toEqual(await last.folded());
  },
  // Four starts, which take 10 s each where many tests run at once.
  180_000,
);

test('of two runners with one batch one applies it, and the other is told', async () => {
  await using opened = await openSqlCounters();
  await opened.running.stop();
  const to = await opened.append(counted('a', 'b'), counted('a'));
  const events = await Array.fromAsync(opened.backend.store.read(everything));
  const { models } = opened.backend;
  await opened.session.execute(sql`update livefold.tracking set owner = null`);
  const applied = await Promise.all(
    [1, 2, 3].map(() => models.apply(opened.counters, { after: 0, to, events })),
  );
  expect(applied.filter((one) => one !== null)).toEqual(['unknown']);
  expect(await opened.moves()).toEqual(['1 a', '1 b', '2 a']);
});

test('a handler that fails leaves nothing of its event; its key is parked there and all others go on', async () => {
  let isBad = true;
  await using opened = await openSqlCounters({
    async onCounted(_, { position }, key) {
      if (isBad && key === 'b' && position >= 2) throw new RangeError('not today');
    },
  });
  await opened.append(counted('a', 'b'), counted('a', 'b', 'c'), counted('b'), counted('c'));
  await opened.settle();
  expect(await opened.moves()).toEqual(['1 a', '1 b', '2 a', '2 c', '4 c']);
  const { parked } = opened.backend.models;
  expect(await parked.list('counters', { first: 9 })).toMatchObject([{ key: 'b', position: 2, waiting: 1 }]);
  expect(opened.running).toMatchObject({ status: 'LIVE', lastError: null });
  isBad = false;
  await parked.ask('counters', 'retry');
  await vi.waitFor(async () => expect(await opened.moves()).toEqual(await opened.counts()), 30_000);
  await opened.append(counted('b'));
  await opened.settle();
  expect(await opened.rows()).toMatchObject([
    { id: 'a', total: 2 },
    { id: 'b', total: 4, position: 5 },
    { id: 'c', total: 2 },
  ]);
});

test('a row that the database refuses parks its key alone', async () => {
  await using opened = await openSqlCounters();
  await opened.session.execute(sql`alter table counters add constraint small check (total < 2)`);
  await opened.append(counted('a', 'b'), counted('a'), counted('b', 'c'), counted('c', 'd'));
  await opened.settle();
  const parked = await opened.backend.models.parked.list('counters', { first: 9 });
  expect(parked.map(({ key, position, error }) => [key, position, error.split(':')[0]])).toEqual([
    ['a', 2, 'ROW_REFUSED'],
    ['b', 3, 'ROW_REFUSED'],
    ['c', 4, 'ROW_REFUSED'],
  ]);
  expect(await opened.moves()).toEqual(['1 a', '1 b', '3 c', '4 d']);
});

test.each<[string, (transaction: SqlTransaction) => Promise<unknown>]>([
  ['waits for nothing', never],
  ['waits for a slow query', (transaction) => transaction.execute(sql`select pg_sleep(600)`)],
])('a handler that %s is broken off, and its key parked', async (_, hang) => {
  await using opened = await openSqlCounters({
    timeout: 200,
    async onCounted(transaction, _event, key) {
      if (key === 'b') await hang(transaction);
    },
  });
  await opened.append(counted('a', 'b'), counted('c'));
  await opened.settle();
  expect(await opened.moves()).toEqual(['1 a', '2 c']);
  const [parked] = await opened.backend.models.parked.list('counters', { first: 9 });
  expect(parked?.error).toContain('FOLD_TIMED_OUT');
});

test('what a hung handler asks of the transaction later is refused, and does nothing', async () => {
  const late: Promise<unknown>[] = [];
  await using opened = await openSqlCounters({
    timeout: 100,
    async onCounted(transaction, { position }, key) {
      if (key !== 'b') return;
      await new Promise((resolve) => setTimeout(resolve, 400));
      const asked = (async () =>
        transaction.insert(movesTable).values({ position: -position, counter: 'late' }))();
      late.push(asked.catch((error: unknown) => error));
      await asked;
    },
  });
  await opened.append(counted('a', 'b'));
  await opened.settle();
  await vi.waitFor(() => expect(late.length).toBeGreaterThan(0), 10_000);
  const [error] = await Promise.all(late);
  expect(JSON.stringify([error, (error as { cause?: unknown }).cause])).toContain('TRANSACTION_OVER');
  expect(await opened.moves()).toEqual(['1 a']);
});

test('live clients hear of what handlers write and remove, those too who come back', async () => {
  await using opened = await openSqlCounters();
  const watched = { running: opened.running, models: opened.backend.models };
  await using client = new LiveClient(watched);
  await using resuming = new LiveClient(watched);
  const due = async () => (await opened.rows()).map(({ position: _, ...row }) => row);
  const held = async (of: LiveClient) =>
    vi.waitFor(async () => expect(of.held.list()).toEqual(await due()), 20_000);
  await opened.append(counted('a', 'b'));
  await opened.settle();
  await Promise.all([held(client), held(resuming)]);
  await resuming.disconnect();
  await opened.append(removed('a'), counted('c'), labelled('b', 'x'));
  await opened.settle();
  await held(client);
  const frames = resuming.frames.length;
  await resuming.reconnect();
  await held(resuming);
  expect(resuming.frames.slice(frames).map(({ kind, removed: gone }) => [kind, gone])).toEqual([
    ['DELTA', ['a']],
  ]);
});

test('inline, the handlers work in the append and fail it; neighbours that were sent together are stored', async () => {
  await using opened = await openSqlCounters({
    mode: 'inline',
    async onCounted(_, _event, key) {
      if (key === 'bad') throw new RangeError('never');
    },
  });
  const position = await opened.append(counted('a'));
  expect(await opened.rows()).toEqual([{ id: 'a', total: 1, label: null, position }]);
  const appended = await Promise.allSettled(['b', 'bad', 'c'].map((name) => opened.append(counted(name))));
  expect(appended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(appended[1]).toMatchObject({ reason: { code: 'PROJECTION_FAILED' } });
  expect(await opened.moves()).toEqual(await opened.counts());
  expect(await opened.rows()).toHaveLength(3);
});

test("inline, the caller's transaction keeps its own settings, and takes the handlers' work with it", async () => {
  await using opened = await openSqlCounters({ mode: 'inline' });
  const rollback = new Error('rolled back');
  const work = opened.session.transaction(async (transaction) => {
    await transaction.execute(sql`set local statement_timeout = 12345`);
    await opened.backend.store.append({ events: [counted('a')] }, { transaction: transaction as Session });
    const [now] = await transaction.execute(sql`select current_setting('statement_timeout') as timeout,
      current_setting('idle_in_transaction_session_timeout') as idle, (select count(*)::int from moves) as moves`);
    expect(now).toEqual({ timeout: '12345ms', idle: '0', moves: 1 });
    throw rollback;
  });
  await expect(work).rejects.toBe(rollback);
  expect(await opened.moves()).toEqual([]);
});

test('handlers write the tables that they are given', async () => {
  await using opened = await openSqlCounters();
  const { session, counters, backend } = opened;
  const next = pgSchema('next');
  const table = next.table('counters', {
    ...{ id: keyColumn('id').primaryKey(), total: integer('total').notNull(), label: text('label') },
    position: positionColumn(),
  });
  const moves = next.table(
    'moves',
    { position: bigint('position', { mode: 'number' }).notNull(), counter: text('counter').notNull() },
    (one) => [primaryKey({ columns: [one.position, one.counter] })],
  );
  await session.execute(sql`create schema next`);
  await session.execute(sql`create table next.counters (like public.counters including all)`);
  await createMoves(session, 'next');
  const shadow: AnyProjection = {
    ...{ ...counters, name: 'next', unit: 'next', types: counters.types, query: counters.query },
    ...{ table, tables: { moves }, isSql: true, fingerprint: counters.fingerprint },
    handlerOf: (type) => counters.handlerOf(type),
  };
  const to = await opened.append(counted('a'));
  await opened.settle();
  expect(await backend.models.position(shadow)).toBe(0);
  const events: StoredEvent[] = await Array.fromAsync(backend.store.read(everything));
  await backend.models.apply(shadow, { after: 0, to, events });
  expect(await session.select().from(moves)).toEqual([{ position: 1, counter: 'a' }]);
  expect(await session.select().from(table)).toMatchObject([{ id: 'a', total: 1 }]);
  expect(await opened.moves()).toEqual(['1 a']);
});

test('an audit says that it cannot fold such rows, and finds nothing wrong', async () => {
  await using opened = await openSqlCounters();
  await opened.append(counted('a'));
  await opened.settle();
  const audit = await auditCounters(opened);
  expect(faultsOf(audit)).toEqual([]);
  expect(audit.findings.find(({ check }) => check === 'rows of counters')?.skipped).toContain('SQL');
});

test('its past is not told as if it had been empty', async () => {
  await using opened = await openSqlCounters();
  await opened.append(counted('a'));
  const refused = expect.objectContaining({ code: 'NO_FOLD' });
  const { store, past } = opened.backend;
  await expect(past.rows(opened.counters, { at: 1, mostEvents: 9 })).rejects.toEqual(refused);
  const ofA = { key: 'a', keptBack: new KeptBackEvents(opened.counters) };
  await expect(lastRow(opened.counters, ofA, store.read(everything))).rejects.toEqual(refused);
  expect(() => foldRow(opened.counters, 'a', [])).toThrow(refused);
});

test('a projection has either folds or SQL handlers, and one for each type', () => {
  const { table } = countersProjection();
  const nothing = async () => undefined;
  const mixed = expect.objectContaining({ code: 'MIXED_HANDLERS' });
  expect(() =>
    projection('p', table)
      .on(Counted, 'counters', () => null)
      .sql(Labelled, 'counter', nothing),
  ).toThrow(mixed);
  expect(() =>
    projection('p', table)
      .sql(Counted, 'counters', nothing)
      .on(Labelled, 'counter', () => null),
  ).toThrow(mixed);
  expect(() =>
    projection('p', table).sql(Counted, 'counters', nothing).sql(Counted, 'counters', nothing),
  ).toThrow(expect.objectContaining({ code: 'DUPLICATE_HANDLER' }));
});

test('the types of tables and events are known', () => {
  const { table } = countersProjection();
  const plain = projection('p', table);
  expectTypeOf(plain).toEqualTypeOf<Projection<typeof table, Record<never, never>>>();
  const wide = projection('p', table, { tables: { moves: movesTable } });
  wide.sql(Counted, 'counters', async (transaction, event, target) => {
    expectTypeOf(event.data.counters).toEqualTypeOf<string[]>();
    expectTypeOf(target.table).toEqualTypeOf<typeof table>();
    expectTypeOf(target.tables.moves).toEqualTypeOf<typeof movesTable>();
    expectTypeOf(target.position).toEqualTypeOf<number>();
    expectTypeOf(transaction).toEqualTypeOf<SqlTransaction>();
    // @ts-expect-error there is no such table
    void target.tables.others;
    return { removed: [] };
  });
  const five = () => 5;
  // @ts-expect-error keys are texts
  plain.sql(Counted, five, async () => undefined);
  // @ts-expect-error a handler gives the keys that it removed, or nothing
  projection('q', table).sql(Counted, 'counters', async () => ({ deleted: ['a'] }));
});
