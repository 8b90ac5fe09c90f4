import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertRejects, outcomeOf, sampleEvents } from '../../../src/consumption/contract/sample-events.ts';
import { createId } from '../../../src/kernel/ids.ts';
import type { StoredKey } from '../../../src/persistence/key-store.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened[Symbol.asyncDispose]());

type WrappedKey = StoredKey & { readonly wrapped: Uint8Array };

function keyOf(subject: string | null): WrappedKey {
  return { id: createId(), subject, masterId: 'm1', wrapped: new Uint8Array([1, 2, 3]) };
}

async function isDestroyed(subject: string): Promise<boolean | undefined> {
  const [key] = await opened.persistence.keys.findKeys({ subjects: [subject] });
  return key && key.wrapped === null;
}

test('of all who add a key for one subject at once the first wins, and all get its key', async () => {
  const subject = createId();
  const added = await Promise.all(
    Array.from({ length: 16 }, () => opened.persistence.keys.addKeys([keyOf(createId()), keyOf(subject)])),
  );
  const ids = new Set(added.map(([, key]) => key?.id));
  expect(ids.size).toBe(1);
  expect((await opened.persistence.keys.findKeys({ subjects: [subject] })).map(({ id }) => id)).toEqual([
    ...ids,
  ]);
});

test('keys of many subjects that are added in opposite orders do not wait for each other for ever', async () => {
  const keys = Array.from({ length: 4_000 }, () => keyOf(createId()));
  const again = (): readonly StoredKey[] => keys.map((key) => ({ ...key, id: createId() }));
  const [first, ...others] = await Promise.all(
    [keys, again().toReversed(), again(), again().toReversed()].map((some) =>
      opened.persistence.keys.addKeys(some),
    ),
  );
  const idsOf = (some: readonly StoredKey[] = []) => new Set(some.map(({ id }) => id));
  for (const other of others) expect(idsOf(other)).toEqual(idsOf(first));
});

test('a key is found by id or subject, those of no subject together', async () => {
  const { keys } = opened.persistence;
  const [own, free, other] = [keyOf(createId()), keyOf(null), keyOf(createId())];
  expect(await keys.addKeys([own, free, other])).toEqual([own, free, other]);
  expect(await keys.addKeys([{ ...free, masterId: 'changed' }])).toStrictEqual([free]);
  expect(await keys.findKeys({ ids: [own.id], subjects: [other.subject, 'unknown'] })).toHaveLength(2);
  expect(await keys.findKeys({ subjects: [null] })).toStrictEqual([free]);
  expect(await keys.findKeys({})).toEqual([]);
});

test('keys are listed by id, a page behind another', async () => {
  const { keys } = opened.persistence;
  const before = keyOf(null);
  const added = [keyOf(null), keyOf(createId()), keyOf(createId())];
  await keys.addKeys([...added.toReversed(), before]);
  const first = await keys.listKeys({ after: before.id, limit: 2 });
  const rest = await keys.listKeys({ after: first.at(-1)?.id ?? '', limit: 2 });
  expect([...first, ...rest]).toStrictEqual(added);
});

test('an append destroys the keys of those it forgets, and they never get another', async () => {
  const { keys, events } = opened.persistence;
  const [known, unknown] = [createId(), createId()];
  await keys.addKeys([keyOf(known)]);
  await events.append({ events: sampleEvents(1), forget: [known, unknown, known] });
  expect([await isDestroyed(known), await isDestroyed(unknown)]).toEqual([true, true]);
  const again = await keys.addKeys([keyOf(known), keyOf(unknown)]);
  expect(again.map(({ wrapped }) => wrapped)).toEqual([null, null]);
  // Such a key has an id in the order of all others.
  expect(again[1]?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
});

test('an append that is refused destroys nothing, one beside it in the batch does', async () => {
  const { events } = opened.persistence;
  const [kept, gone] = [createId(), createId()];
  await opened.persistence.keys.addKeys([keyOf(kept), keyOf(gone)]);
  const stream = createId();
  const outcomes = await Promise.all([
    outcomeOf(events.append({ events: [], forget: [gone] })),
    outcomeOf(
      events.append({ events: sampleEvents(1), expected: [{ stream, version: 3 }], forget: [kept, gone] }),
    ),
    outcomeOf(events.append({ events: sampleEvents(1, { stream }), forget: [gone] })),
  ]);
  expect(outcomes).toEqual(['appended', 'conflict', 'appended']);
  expect([await isDestroyed(kept), await isDestroyed(gone)]).toEqual([false, true]);
});

test("a caller's transaction that rolls back keeps the keys", async () => {
  const subject = createId();
  await opened.persistence.keys.addKeys([keyOf(subject)]);
  const failure = new Error('rolled back');
  const rolledBack = opened.persistence.transaction(async (transaction) => {
    await opened.store.append({ events: sampleEvents(1), forget: [subject] }, { transaction });
    throw failure;
  });
  await expect(rolledBack).rejects.toBe(failure);
  expect(await isDestroyed(subject)).toBe(false);
});

test('a key that was destroyed meanwhile is not wrapped again', async () => {
  const { keys } = opened.persistence;
  const [living, destroyed] = [keyOf(createId()), keyOf(createId())];
  await keys.addKeys([living, destroyed]);
  await opened.store.append({ events: [], forget: [destroyed.subject ?? ''] });
  const wrapped = new Uint8Array([7]);
  await keys.rewrapKeys([living, destroyed].map((key) => ({ ...key, masterId: 'm2', wrapped })));
  const found = await keys.findKeys({ ids: [living.id, destroyed.id] });
  expect(found.map(({ masterId, wrapped: now }) => [masterId, now])).toEqual(
    expect.arrayContaining([
      ['m2', wrapped],
      ['m1', null],
    ]),
  );
});

test('an append is a conflict when its transaction saw a key that has changed since', async () => {
  const key = keyOf(createId());
  await opened.persistence.keys.addKeys([key]);
  const stale = opened.database.session.transaction(
    async (transaction) => {
      await opened.store.receiptOf({ id: 'any', fingerprint: '' }, { transaction });
      await opened.persistence.keys.rewrapKeys([key]);
      await opened.store.append({ events: [], forget: [key.subject ?? ''] }, { transaction });
    },
    { isolationLevel: 'repeatable read' },
  );
  await assertRejects('CONCURRENCY_CONFLICT', stale);
});
