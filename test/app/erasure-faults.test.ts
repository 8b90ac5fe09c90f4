import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shop as definition } from '../../src/app/shop.ts';
import { User } from '../../src/app/users/user.ts';
import { UserRegistered } from '../../src/app/users/user-events.ts';
import type { AnyProjection } from '../../src/consumption/projection.ts';
import { everything, streamQuery } from '../../src/domain/query.ts';
import { createId } from '../../src/kernel/ids.ts';
import { type RunningBackend, startBackend } from '../../src/main/start-backend.ts';
import { addTea, cli } from '../clients/shop.ts';
import { ServedProgram } from '../support/served-program.ts';
import { readTables } from './erasure/database-text.ts';
import { findWords } from './erasure/plaintext.ts';
import { startTwoShops, type TwoShops } from './erasure/two-shops.ts';
import { changeEmail, forgetUser, placeOrder, registerUser } from './operations.ts';

let shops: TwoShops;
let backend: RunningBackend;
beforeAll(async () => {
  shops = await startTwoShops();
  backend = await startBackend(definition, {
    databaseUrl: shops.databaseUrl,
    dataDirectory: shops.env.LIVEFOLD_DATA ?? '',
  });
});
afterAll(async () => {
  await backend.stop();
  await shops[Symbol.asyncDispose]();
});

const register = (shop: ServedProgram, id: string) =>
  shop.data(registerUser, { input: { id, name: `Name of ${id}`, email: `${id}@example.org` } });
const reasonOf = async (asked: ReturnType<ServedProgram['post']>): Promise<unknown> =>
  (await asked).body.errors?.[0]?.extensions.reason;

/** Of each user: the types of its events, and whether its key is destroyed. */
async function readUsers(ids: readonly string[]) {
  const sql = postgres(shops.databaseUrl, { max: 1, onnotice: () => {} });
  const rows = await sql<{ id: string; types: string[]; destroyed: boolean | null }[]>`
    select u.id, array(select e.type from livefold.events e where e.stream = 'User-' || u.id order by e.version) as types,
      (select k.wrapped is null from livefold.keys k where k.subject = 'user:' || u.id) as destroyed
    from unnest(${[...ids]}::text[]) as u(id)`;
  await sql.end();
  return rows;
}

test('a program that is killed while it forgets has destroyed the key with the event, or has done nothing', async () => {
  await using shop = await ServedProgram.start([cli, 'start'], { env: shops.env });
  const ids = Array.from({ length: 100 }, (_, n) => `killed-${n}`);
  await Promise.all(ids.map((id) => register(shop, id)));
  const acknowledged: string[] = [];
  const reached = Promise.withResolvers<void>();
  // Five at a time, each user after another, so that the end comes while some are asked for and others not yet.
  const lanes = [0, 1, 2, 3, 4].map(async (lane) => {
    for (const id of ids.filter((_, n) => n % 5 === lane)) {
      await shop.data(forgetUser, { input: { userId: id } });
      if (acknowledged.push(id) === 10) reached.resolve();
    }
  });
  const settled = Promise.allSettled(lanes);
  await reached.promise;
  await shop.end('SIGKILL');
  await settled;

  const users = await readUsers(ids);
  for (const { id, types, destroyed } of users)
    expect([id, destroyed]).toEqual([id, types.includes('UserForgotten')]);
  const gone = users.filter(({ destroyed }) => destroyed).map(({ id }) => id);
  expect(gone).toEqual(expect.arrayContaining(acknowledged));
  expect(gone.length).toBeLessThan(ids.length);

  await using back = await ServedProgram.start([cli, 'start'], { env: shops.env });
  const query = 'query ($id: ID!) { user(id: $id) { name } }';
  for (const { id, destroyed } of users)
    expect([id, (await back.data(query, { id })).user.name]).toEqual([
      id,
      destroyed ? 'Forgotten user' : `Name of ${id}`,
    ]);
  await Promise.all(ids.map((id) => back.data(forgetUser, { input: { userId: id } })));
  for (const { id, types, destroyed } of await readUsers(ids))
    expect([id, types, destroyed]).toEqual([id, ['UserRegistered', 'UserForgotten'], true]);
});

test('whoever is forgotten while their email address changes stays forgotten', async () => {
  const ids = Array.from({ length: 20 }, (_, n) => `raced-${n}`);
  await Promise.all(ids.map((id) => register(shops.one, id)));
  await Promise.all(
    ids.flatMap((id) => [
      shops.one.post(changeEmail, { input: { userId: id, email: `${id}@marrowfat.example.org` } }),
      shops.other.data(forgetUser, { input: { userId: id } }),
    ]),
  );
  for (const { id, types, destroyed } of await readUsers(ids)) {
    expect([id, types.at(-1), destroyed]).toEqual([id, 'UserForgotten', true]);
    expect(types.length).toBeLessThanOrEqual(3);
  }
  for (const [table, text] of await readTables(shops.databaseUrl))
    expect([table, findWords({ address: 'marrowfat' }, text)]).toEqual([table, []]);
});

describe('forgetting', () => {
  test('happens once, whatever command ids it comes with', async () => {
    await register(shops.one, 'twice');
    const forget = async (shop: ServedProgram, id: string) =>
      (await shop.data(forgetUser, { input: { userId: 'twice' }, id })).forgetUser;
    const first = await forget(shops.one, 'forget-twice');
    expect(await forget(shops.other, 'forget-twice')).toEqual({
      ...first,
      receipt: { ...first.receipt, duplicate: true },
    });
    const other = await forget(shops.other, 'another-id');
    expect(other.receipt).toMatchObject({ stream: 'User-twice', version: 2 });
    expect(other.user).toEqual(first.user);
    expect(await readUsers(['twice'])).toMatchObject([
      { types: ['UserRegistered', 'UserForgotten'], destroyed: true },
    ]);
  });

  test('of nobody is refused, and leaves no key behind', async () => {
    expect(await reasonOf(shops.one.post(forgetUser, { input: { userId: 'nobody' } }))).toBe('UNKNOWN_USER');
    expect(await readUsers(['nobody'])).toMatchObject([{ types: [], destroyed: null }]);
  });

  test('of somebody who never had a key, since they registered before it was personal, leaves one that is destroyed', async () => {
    const { personal: _, ...registered } = UserRegistered({
      ...{ userId: 'old', email: 'old@example.org', name: 'Old', country: null },
    });
    const envelope = { id: createId(), stream: 'User-old', occurredAt: new Date(), metadata: null };
    const nobody = { correlationId: null, causationId: null, actor: null, tenant: null };
    await backend.store.append({ events: [{ ...registered, ...envelope, ...nobody }] });
    const { forgetUser: forgot } = await shops.one.data(forgetUser, { input: { userId: 'old' } });
    expect(forgot.user).toMatchObject({ id: 'old', email: null, name: 'Forgotten user' });
    expect(await readUsers(['old'])).toMatchObject([{ destroyed: true }]);
    const input = { userId: 'old', email: 'older@example.org' };
    expect(await reasonOf(shops.other.post(changeEmail, { input }))).toBe('USER_FORGOTTEN');
    // The key is destroyed, and nothing of that event was ever sealed with it.
    const [event] = await Array.fromAsync(backend.store.read(streamQuery('User-old')));
    expect(event?.data).toMatchObject({ name: 'Old' });
  });

  test('in a transaction of the caller that is rolled back leaves everything readable', async () => {
    await register(shops.one, 'kept');
    const { session } = backend.database;
    const rolledBack = session.transaction(async (transaction) => {
      await backend.execute(User.commands.forget('kept', { userId: 'kept' }), { transaction });
      const seen = await Array.fromAsync(backend.store.read(streamQuery('User-kept'), { transaction }));
      expect(seen.map(({ type }) => type)).toEqual(['UserRegistered', 'UserForgotten']);
      throw new Error('changed my mind');
    });
    await expect(rolledBack).rejects.toThrow('changed my mind');
    expect(await readUsers(['kept'])).toMatchObject([{ types: ['UserRegistered'], destroyed: false }]);
    const [event] = await Array.fromAsync(backend.store.read(streamQuery('User-kept')));
    expect(event?.data).toMatchObject({ name: 'Name of kept', email: 'kept@example.org' });
    const input = { userId: 'kept', email: 'kept.two@example.org' };
    expect((await shops.one.data(changeEmail, { input })).changeEmail.user.email).toBe(input.email);

    await session.transaction((transaction) =>
      backend.execute(User.commands.forget('kept', { userId: 'kept' }), { transaction }),
    );
    expect(await readUsers(['kept'])).toMatchObject([{ destroyed: true }]);
  });
});

test('read tables that are folded anew are as they were', async () => {
  await addTea(shops.one);
  await register(shops.one, 'buyer');
  const lines = [{ sku: 'TEA', quantity: 3 }];
  await shops.one.data(placeOrder, { input: { orderId: 'last', customerId: 'buyer', lines } });
  await shops.one.data(forgetUser, { input: { userId: 'buyer' } });
  await settle(backend);
  const before = await readRows(backend);
  expect(before.users?.length).toBeGreaterThan(100);
  await Promise.all([shops.one.end('SIGTERM'), shops.other.end('SIGTERM'), backend.stop()]);

  const sql = postgres(shops.databaseUrl, { max: 1, onnotice: () => {} });
  await sql`update livefold.tracking set position = 0 where consumer <> 'fulfilment'`;
  await sql`truncate users, products, orders, daily_sales, sales_by_country`;
  await sql.end();
  backend = await startBackend(definition, {
    databaseUrl: shops.databaseUrl,
    dataDirectory: shops.env.LIVEFOLD_DATA ?? '',
  });
  await settle(backend);
  expect(await readRows(backend)).toEqual(before);
  const head = (await Array.fromAsync(backend.store.read(everything))).length;
  expect(head).toBeGreaterThan(200);
});

async function settle({ projections, log }: RunningBackend): Promise<void> {
  const head = await log.head();
  for (const running of projections.values()) await running.waitFor(head, { timeout: 30_000 });
}

async function readRows({ models }: RunningBackend): Promise<Readonly<Record<string, readonly unknown[]>>> {
  const rowsOf = (projection: AnyProjection) => models.rows(projection, { limit: 10_000 });
  const entries = definition.projections.map(async (one) => [one.name, await rowsOf(one)] as const);
  return Object.fromEntries(await Promise.all(entries));
}
