import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../src/adapters/postgres/database.ts';
import { createPostgresEventStore } from '../../../src/adapters/postgres/postgres-event-store.ts';
import { createPostgresLeaseStore } from '../../../src/adapters/postgres/postgres-lease-store.ts';
import { createPostgresProcessStore } from '../../../src/adapters/postgres/postgres-process-store.ts';
import { createPostgresReadModels } from '../../../src/adapters/postgres/postgres-read-models.ts';
import { createPostgresTracking } from '../../../src/adapters/postgres/postgres-tracking.ts';
import type { LeaseStore, Member } from '../../../src/consumption/lease-store.ts';
import { unchanged } from '../../../src/consumption/process-change.ts';
import { shardOfProjection } from '../../../src/consumption/shards.ts';
import { counted, createCountersDatabase, stored } from '../../consumption/counters.ts';
import { createTalliesDatabase, rowsOf, tally } from '../../consumption/tallies.ts';
import type { TestDatabase } from '../../support/database.ts';
import { openPooled } from './pooled.ts';

let created: TestDatabase;
let database: Database;
let pooled: ReturnType<typeof openPooled>;
let leases: LeaseStore;
beforeAll(async () => {
  created = await createTalliesDatabase();
  database = openDatabase(created.url, { connections: 3 });
  // As behind a pooler in transaction mode: no statement meets the connection of the one before it.
  pooled = openPooled(created.url);
  leases = createPostgresLeaseStore({ beats: pooled.session });
});
afterAll(async () => {
  await pooled[Symbol.asyncDispose]();
  await database.close();
  await created.drop();
});
beforeEach(() => database.session.execute(sql`truncate livefold.tracking, livefold.members, first, many`));

const a = '00000000-0000-4000-8000-00000000000a';
const b = '00000000-0000-4000-8000-00000000000b';
const member = (id: string, consumers: Member['consumers'] = { first: 1, many: 3 }): Member => ({
  ...{ id, name: `host:${id.at(-1)}`, consumers },
  states: { first: { status: 'RETRYING', lastError: 'not yet' } },
});
const shards = ['many#0/3', 'many#1/3', 'many#2/3'];

/** Lets a member's leases run out, as if it had not been heard of for long. */
const expire = (id: string) =>
  database.session.execute(
    sql`update livefold.members set lease_end = clock_timestamp() - interval '1 millisecond' where id = ${id}`,
  );

async function arrange(): Promise<void> {
  const { consumers } = member(a);
  await leases.arrange(consumers);
  await leases.beat(member(a), []);
  await leases.beat(member(b), []);
}

/** The token under which a member gets a unit. */
async function take(id: string, unit: string): Promise<number> {
  return (await leases.take(id, [unit])).get(unit) ?? 0;
}

test('a consumer gets its units once, all at position 0', async () => {
  await Promise.all([leases.arrange({ first: 1, many: 3 }), leases.arrange({ first: 1, many: 4 })]);
  const { units } = await leases.beat(member(a), []);
  expect([4, 5]).toContain(units.length);
  await leases.arrange({ first: 1, many: 5 });
  expect((await leases.beat(member(a), [])).units).toEqual(units);
  for (const { position, owner, token, beyond } of units)
    expect([position, owner, token, beyond]).toEqual([0, null, 0, null]);
});

test('a beat sees who is up, how they do, and what they have', async () => {
  await arrange();
  await leases.take(a, ['first', shards[1] ?? '']);
  const { members, units, head, nextEnd } = await leases.beat(member(b), []);
  expect(members).toEqual(expect.arrayContaining([member(a), member(b)]));
  expect(units.map(({ name, owner }) => [name, owner]).sort()).toEqual([
    ['first', a],
    ['many#0/3', null],
    ['many#1/3', a],
    ['many#2/3', null],
  ]);
  expect([head, nextEnd]).toEqual([0, expect.any(Number)]);
});

test('a unit that only another member can run is seen too', async () => {
  await arrange();
  await leases.beat(member(a, {}), []);
  const { units } = await leases.beat(member(a, {}), []);
  expect(units).toHaveLength(4);
  await leases.leave(b);
  expect((await leases.beat(member(a, {}), [])).units).toEqual([]);
  expect((await leases.beat(member(a, {}), ['many'])).units).toHaveLength(3);
});

test('one member at a time has a unit; each change of hands raises its token', async () => {
  await arrange();
  const taken = await Promise.all([a, b, a, b].map((id) => leases.take(id, shards)));
  const tokens = (id: string) => taken.filter((_, index) => (index % 2 === 0 ? a : b) === id);
  const winners = [a, b].filter((id) => tokens(id).some(({ size }) => size > 0));
  const owners = (await leases.beat(member(a), [])).units.filter(({ consumer }) => consumer === 'many');
  for (const { owner } of owners) expect(winners).toContain(owner);

  const token = await take(a, 'first');
  expect(await take(b, 'first')).toBe(0);
  await leases.release('first', { owner: a, token: token + 1 });
  expect(await take(b, 'first')).toBe(0);
  await leases.release('first', { owner: a, token });
  expect(await take(b, 'first')).toBe(token + 1);
});

test('what belongs to a member that is not heard of, or has left, is free', async () => {
  await arrange();
  await leases.take(a, ['first', ...shards]);
  await expire(a);
  const { members, units } = await leases.beat(member(b), []);
  expect(members.map(({ id }) => id)).toEqual([b]);
  expect(units.map(({ owner }) => owner)).toEqual([null, null, null, null]);
  expect(await take(b, 'first')).toBe(2);
  // It comes back, and still has what nobody took.
  const back = await leases.beat(member(a), []);
  expect(
    back.units
      .filter(({ owner }) => owner === a)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(shards);
  await leases.leave(a);
  expect((await leases.take(b, shards)).size).toBe(3);
});

test('a member that has been gone for a minute is forgotten', async () => {
  await arrange();
  await database.session.execute(
    sql`update livefold.members set lease_end = clock_timestamp() - interval '61 seconds' where id = ${a}`,
  );
  await leases.beat(member(b), []);
  expect(await database.session.execute(sql`select id from livefold.members`)).toEqual([{ id: b }]);
});

test('who has lost a lease commits nothing any more, though the position is where it was', async () => {
  await arrange();
  const { session } = pooled;
  const models = createPostgresReadModels({ ...database, session, pipeline: session });
  const first = tally('first');
  const batch = { after: 0, to: 1, events: stored(counted('x')) };
  const lost = { owner: a, token: await take(a, 'first') };
  await expire(a);
  const lease = { owner: b, token: await take(b, 'first') };
  expect(await models.apply(first, { ...batch, lease: lost })).toBeNull();
  expect(await models.apply(first, { ...batch, lease: { ...lease, owner: a } })).toBeNull();
  expect(await rowsOf(database.session, first)).toEqual([]);
  expect(await models.apply(first, { ...batch, lease })).toHaveLength(1);
  // One that gets it back has not got what it began before.
  await expire(b);
  const again = { owner: a, token: await take(a, 'first') };
  expect(await models.apply(first, { ...batch, after: 1, to: 2, lease: lost })).toBeNull();
  expect(await models.apply(first, { ...batch, after: 1, to: 2, lease: again })).toHaveLength(1);

  const processes = createPostgresProcessStore(database);
  await leases.arrange({ 'process:p': 1 });
  const old = { owner: b, token: await take(b, 'process:p') };
  const schedule = [{ name: 'wake', at: new Date(0) }];
  const change = { ...unchanged('k'), state: 1, schedule };
  expect(await processes.commit('p', { after: 0, to: 1, changes: [change], keptBack: [], lease: old })).toBe(
    true,
  );
  await leases.release('process:p', old);
  const mine = { owner: a, token: await take(a, 'process:p') };
  const fired = { ...unchanged('k'), state: 2, unschedule: ['wake'] };
  const rejected = { key: 'k', commandId: 'c', reason: 'NO' };
  const due = { after: 1, now: new Date(), names: ['wake'], limit: 1 };
  expect(await processes.commit('p', { after: 1, to: 1, changes: [fired], keptBack: [], lease: old })).toBe(
    false,
  );
  expect(await processes.fire('p', { ...due, lease: old })).toBeNull();
  expect(await processes.firing('p', 1)).toEqual([]);
  expect(await processes.reject('p', rejected, old)).toBe(false);
  expect((await processes.load('p', ['k'])).get('k')).toEqual({ state: 1, rejected: new Map() });
  expect(await processes.fire('p', { ...due, lease: mine })).toEqual([{ key: 'k', ...schedule[0] }]);
  expect(await processes.firing('p', 1)).toEqual([{ key: 'k', ...schedule[0] }]);
  expect(await processes.reject('p', rejected, mine)).toBe(true);
  expect((await processes.load('p', ['k'])).get('k')).toEqual({ state: 1, rejected: new Map([['c', 'NO']]) });
  expect(await processes.commit('p', { after: 1, to: 1, changes: [fired], keptBack: [], lease: mine })).toBe(
    true,
  );
  expect(await processes.firing('p', 1)).toEqual([]);
});

test('nobody waits for a unit that is being committed to', async () => {
  await arrange();
  await leases.take(a, ['first']);
  await expire(a);
  await database.session.transaction(async (transaction) => {
    await transaction.execute(sql`update livefold.tracking set position = position where consumer = 'first'`);
    expect(await take(b, 'first')).toBe(0);
    expect((await leases.beat(member(b), [])).units).toHaveLength(4);
  });
  expect(await take(b, 'first')).toBe(2);
});

test('shards are cut anew by who has them all, once they stand at one position, and then nobody has them', async () => {
  await arrange();
  const models = createPostgresReadModels(database);
  const many = tally('many', { shards: 3 });
  const [shard = many] = [shardOfProjection(many, { index: 0, count: 3 })];
  const tokens = await leases.take(a, shards.slice(0, 2));
  expect(await leases.reshape(a, 'many', 5)).toBe(false);
  await leases.take(a, shards.slice(2));
  const lease = { owner: a, token: tokens.get('many#0/3') ?? 0 };
  await models.apply(shard, { after: 0, to: 4, events: [], lease });
  expect(await leases.reshape(a, 'many', 5)).toBe(false);
  expect(await models.position(many)).toBe(0);
  await database.session.execute(sql`update livefold.tracking set position = 4 where consumer like 'many#%'`);
  expect(await leases.reshape(b, 'many', 5)).toBe(false);
  expect(await leases.reshape(a, 'many', 5)).toBe(true);

  const { units } = await leases.beat(member(b), []);
  const cut = units.filter(({ consumer }) => consumer === 'many');
  expect(cut.map(({ name, position, owner }) => [name, position, owner]).sort()).toEqual(
    [0, 1, 2, 3, 4].map((index) => [`many#${index}/5`, 4, null]),
  );
  expect(Math.min(...cut.map(({ token }) => token))).toBeGreaterThan(lease.token);
  expect(await models.position(many)).toBe(4);
  await database.session.execute(
    sql`update livefold.tracking set position = case consumer when 'many#3/5' then 5 else 6 end where consumer like 'many#%'`,
  );
  expect(await models.position(many)).toBe(5);
  expect(await createPostgresTracking(database).positionOf('many')).toBe(5);
  await database.session.execute(sql`update livefold.tracking set position = 6 where consumer = 'many#3/5'`);
  // Whoever worked on a shard of three meets no row any more.
  expect(await models.apply(shard, { after: 6, to: 7, events: [], lease })).toBeNull();

  await leases.take(
    b,
    cut.map(({ name }) => name),
  );
  expect(await leases.reshape(b, 'many', 1)).toBe(true);
  expect((await leases.beat(member(b), [])).units.map(({ name }) => name).sort()).toEqual(['first', 'many']);
});

test('a unit that has seen more than the log ever had stays marked, though the log grows past it', async () => {
  await using other = await createCountersDatabase();
  const there = openDatabase(other.url, { connections: 1 });
  const store = createPostgresEventStore({ database: there });
  const beats = createPostgresLeaseStore(there);
  const counting = member(a, { counters: 1 });
  await beats.arrange({ counters: 1 });
  await store.append({ events: [counted('x')] });
  expect((await beats.beat(counting, [])).units).toMatchObject([{ beyond: null }]);
  await there.session.execute(sql`update livefold.tracking set position = 3`);
  expect((await beats.beat(counting, [])).units).toMatchObject([{ beyond: 1, position: 3 }]);
  await store.append({ events: [counted('x'), counted('x'), counted('x')] });
  expect((await beats.beat(counting, [])).units).toMatchObject([{ beyond: 1 }]);
  await there.close();
});
