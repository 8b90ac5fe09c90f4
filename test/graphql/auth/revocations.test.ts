import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { createPostgresRevocations } from '../../../src/adapters/postgres/postgres-revocations.ts';
import { Revocations } from '../../../src/graphql/auth/revocations.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let connection: ReturnType<typeof openDatabase>;
beforeAll(async () => {
  database = await createTestDatabase();
  connection = openDatabase(database.url);
});
afterAll(async () => {
  await connection.close();
  await database.drop();
});

const tokenOf = (subject: string, issuedAt: Date | null, tokenId: string | null = null) => ({
  ...{ subject, issuedAt, tokenId },
  roles: [],
});
const seconds = (moment: Date, count: number) => new Date(moment.getTime() + count * 1_000);

test('a subject revoked means the tokens made until then, by a clock that may be five seconds ahead', async () => {
  const store = createPostgresRevocations(connection);
  const revocations = new Revocations(store);
  const { revokedAt } = await store.revoke({ kind: 'subject', id: 'ada' });
  expect(revocations.covers(tokenOf('ada', revokedAt))).toBe(false);
  await revocations.update();
  expect(revocations.covers(tokenOf('ada', seconds(revokedAt, -60)))).toBe(true);
  expect(revocations.covers(tokenOf('ada', seconds(revokedAt, 5)))).toBe(true);
  expect(revocations.covers(tokenOf('ada', seconds(revokedAt, 6)))).toBe(false);
  expect(revocations.covers(tokenOf('ada', null))).toBe(true);
  expect(revocations.covers(tokenOf('grace', null))).toBe(false);
});

test('a subject can be revoked again, which means its later tokens too', async () => {
  const store = createPostgresRevocations(connection);
  const revocations = new Revocations(store);
  const first = await store.revoke({ kind: 'subject', id: 'alan' });
  await revocations.update();
  const again = await store.revoke({ kind: 'subject', id: 'alan' });
  expect(again.revokedAt >= first.revokedAt).toBe(true);
  await revocations.update();
  expect(revocations.covers(tokenOf('alan', seconds(again.revokedAt, 5)))).toBe(true);
});

test('a token is revoked by its own id, whoever has it, and a subject of that name is not', async () => {
  const store = createPostgresRevocations(connection);
  const revocations = new Revocations(store);
  await revocations.update();
  await store.revoke({ kind: 'token', id: 'edsger' });
  await revocations.update();
  expect(revocations.covers(tokenOf('barbara', null, 'edsger'))).toBe(true);
  expect(revocations.covers(tokenOf('edsger', null, 'other'))).toBe(false);
});
