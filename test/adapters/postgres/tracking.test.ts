import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertRejects, outcomeOf } from '../../../src/consumption/contract/sample-events.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
  await opened.database.session.execute(sql`create table work (position integer)`);
});
afterAll(() => opened[Symbol.asyncDispose]());

test('a position rises strictly, and a conflict says where the consumer is', async () => {
  const { tracking } = opened.persistence;
  expect(await tracking.positionOf('rising')).toBe(null);
  await tracking.advance('rising', 3);
  await tracking.advance('rising', 7);
  for (const position of [7, 6]) {
    await expect(tracking.advance('rising', position)).rejects.toMatchObject({
      code: 'CONCURRENCY_CONFLICT',
      fields: { consumer: 'rising', position, current: 7 },
    });
  }
  expect(await tracking.positionOf('rising')).toBe(7);
});

test("of many that did the same work one is right, and the others' rows are gone", async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, () =>
      outcomeOf(
        opened.persistence.transaction(async (transaction) => {
          await transaction.execute(sql`insert into work values (5)`);
          await opened.persistence.tracking.advance('worker', 5, { transaction });
        }),
      ),
    ),
  );
  expect(outcomes.filter((outcome) => outcome === 'appended')).toHaveLength(1);
  expect(await opened.database.session.execute(sql`select * from work`)).toHaveLength(1);
});

test('a conflict leaves a transaction usable', async () => {
  const { tracking } = opened.persistence;
  await tracking.advance('usable', 2);
  await opened.persistence.transaction(async (transaction) => {
    await assertRejects('CONCURRENCY_CONFLICT', tracking.advance('usable', 1, { transaction }));
    await tracking.advance('usable', 3, { transaction });
  });
  expect(await tracking.positionOf('usable')).toBe(3);
});
