import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { databaseCode, messageOf } from '../../../src/adapters/postgres/translate-error.ts';
import { readAll, sampleEvents } from '../../../src/consumption/contract/sample-events.ts';
import { everything } from '../../../src/domain/query.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
  await opened.store.append({ events: sampleEvents(3, { tags: ['a'] }) });
});
afterAll(() => opened[Symbol.asyncDispose]());

test.each([
  ['update', `update livefold.events set data = '{}' where position = 2`],
  ['update of no row', 'update livefold.events set version = 0 where false'],
  ['delete', 'delete from livefold.events where position = 3'],
  ['truncate', 'truncate livefold.events cascade'],
  [
    'merge',
    'merge into livefold.events e using (values (1)) as v(n) on e.position = v.n when matched then delete',
  ],
  [
    'upsert',
    'insert into livefold.events select * from livefold.events on conflict (position) do update set version = 9',
  ],
])('the database itself refuses: %s', async (_, statement) => {
  const before = await readAll(opened.store, everything);
  const error = await opened.database.session.execute(sql.raw(statement)).then(
    () => undefined,
    (refusal: unknown) => refusal,
  );
  expect([databaseCode(error), messageOf(error)]).toEqual(['23000', expect.stringContaining('append-only')]);
  expect(await readAll(opened.store, everything)).toEqual(before);
});
