import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { createPostgresRevocations } from '../../../src/adapters/postgres/postgres-revocations.ts';
import { Revocations } from '../../../src/graphql/auth/revocations.ts';
import { limitAge } from '../../../src/graphql/auth/token-age.ts';
import type { RevocationStore } from '../../../src/persistence/revocation-store.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let connection: ReturnType<typeof openDatabase>;
/** Its tokens live an hour. */
let store: RevocationStore;
beforeAll(async () => {
  database = await createTestDatabase();
  connection = openDatabase(database.url, { connections: 8 });
  store = createPostgresRevocations(connection, { maxTokenAge: 3_600 });
});
beforeEach(() => connection.session.execute(sql`truncate livefold.revocations`));
afterAll(async () => {
  await connection.close();
  await database.drop();
});

const token = (id: string) => store.revoke({ kind: 'token', id });
const seconds = (moment: Date, count: number) => new Date(moment.getTime() + count * 1_000);
/** Lets time pass for what was revoked until now. */
const pass = (interval: string) =>
  connection.session.execute(
    sql`update livefold.revocations set revoked_at = revoked_at - ${interval}::interval, until = until - ${interval}::interval`,
  );
const kept = async () => {
  const rows = await connection.session.execute<{ id: string }>(
    sql`select id from livefold.revocations order by id`,
  );
  return rows.map(({ id }) => id);
};
const tokenOf = (tokenId: string) => ({ subject: 'ada', roles: [], issuedAt: new Date(), tokenId });

test('a revocation matters until the last token that it means is over, and a little longer', async () => {
  const { revokedAt, until } = await store.revoke({ kind: 'subject', id: 'ada' });
  const youngest = { subject: 'ada', roles: [], issuedAt: seconds(revokedAt, 5) };
  const revocations = new Revocations(store);
  await revocations.update();
  expect(revocations.covers(youngest)).toBe(true);
  const { expiresAt } = limitAge(youngest, 3_600);
  expect(until?.getTime()).toBeGreaterThan(expiresAt?.getTime() ?? Number.POSITIVE_INFINITY);
  expect(until).toEqual(seconds(revokedAt, 3_660));
});

test('whoever adds one lets go of those that are over, and of no other', async () => {
  await token('old');
  await pass('62 minutes');
  await token('young');
  expect(await kept()).toEqual(['young']);
  await pass('60 minutes');
  await token('new');
  expect(await kept()).toEqual(['new', 'young']);
});

test('one that is over is heard of no more, before anybody lets go of it too', async () => {
  await token('old');
  await pass('62 minutes');
  expect(await kept()).toEqual(['old']);
  expect(await store.revokedSince()).toEqual([]);
});

test('one that is over can be said again, and is not over then', async () => {
  await token('again');
  await pass('62 minutes');
  const { revokedAt, until } = await token('again');
  expect(await store.revokedSince()).toEqual([{ kind: 'token', id: 'again', revokedAt, until }]);
});

test('where nobody knows how long tokens live they are for good, and stay so', async () => {
  const forGood = createPostgresRevocations(connection);
  expect(await forGood.revoke({ kind: 'token', id: 'good' })).toMatchObject({ until: null });
  await pass('10 years');
  expect(await token('good')).toMatchObject({ until: null });
  await token('other');
  expect(await kept()).toEqual(['good', 'other']);
});

test('many at once do not wait for one another in a circle', async () => {
  const ids = Array.from({ length: 40 }, (_, n) => `t${n}`);
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(ids.map(token));
    await pass('62 minutes');
  }
  await Promise.all([...ids, ...ids].reverse().map(token));
  expect(await kept()).toEqual(ids.toSorted());
});

test('a process forgets what is over when it hears of another one', async () => {
  const revocations = new Revocations(store);
  await token('old');
  await pass('59 minutes');
  await revocations.update();
  expect(revocations.covers(tokenOf('old'))).toBe(true);
  // Three more minutes, by the store's clock, which is all that a process goes by.
  await connection.session.execute(
    sql`insert into livefold.revocations values ('token', 'new', now() + interval '3 minutes', 'infinity')`,
  );
  await revocations.update();
  expect([revocations.covers(tokenOf('new')), revocations.covers(tokenOf('old'))]).toEqual([true, false]);
});
