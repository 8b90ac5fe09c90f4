import { expect, test } from 'vitest';
import { createMemoryPersistence } from '../../../src/adapters/memory/memory-persistence.ts';
import {
  assertRejects,
  idsOf,
  readAll,
  sampleEvent,
  sampleEvents,
} from '../../../src/consumption/contract/sample-events.ts';
import { everything } from '../../../src/domain/query.ts';

test('times never fall along the log when the clock is set back', async () => {
  const times = ['2030-01-01', '2020-01-01', '2031-01-01'].map((text) => new Date(text));
  const clock = times.values();
  const { events } = createMemoryPersistence({ clock: () => clock.next().value ?? new Date() });
  for (let n = 0; n < 3; n += 1) await events.append({ events: sampleEvents(1) });
  const log = await readAll(events, everything);
  expect(log.map(({ recordedAt }) => recordedAt)).toEqual([times[0], times[0], times[2]]);
});

test('what is read shares no bytes and no dates with the store, and its data cannot be changed', async () => {
  const { events } = createMemoryPersistence();
  await events.append({
    events: [sampleEvent({ data: { list: [1] } }), sampleEvent({ data: Uint8Array.of(1, 2) })],
  });
  const before = structuredClone(await readAll(events, everything));
  const [plain, sealed] = await readAll(events, everything);
  expect(() => Object.assign(Object(plain?.data).list, { 0: 2 })).toThrow(TypeError);
  expect(() => Object.assign(plain?.tags ?? [], { 0: 'x' })).toThrow(TypeError);
  plain?.recordedAt.setFullYear(1999);
  plain?.occurredAt.setFullYear(1999);
  if (sealed?.data instanceof Uint8Array) sealed.data[0] = 9;
  expect(await readAll(events, everything)).toEqual(before);
});

test('a transaction that is over takes nothing more', async () => {
  const { events, tracking, transaction } = createMemoryPersistence();
  const kept = await transaction(async (own) => own);
  await assertRejects('TRANSACTION_OVER', events.append({ events: sampleEvents(1) }, { transaction: kept }));
  await assertRejects('TRANSACTION_OVER', tracking.advance('c', 1, { transaction: kept }));
  await assertRejects('TRANSACTION_OVER', readAll(events, everything, { transaction: kept }));
  expect(await events.head()).toBe(0);
});

test('within a transaction its own events are read in their place, from either end', async () => {
  const { events, transaction } = createMemoryPersistence();
  const [first, second] = [sampleEvents(2, { tags: ['x:1'] }), sampleEvents(3, { tags: ['x:1'] })];
  await events.append({ events: first });
  await transaction(async (own) => {
    await events.append({ events: second }, { transaction: own });
    const read = async (options: object) =>
      idsOf(await readAll(events, { items: [{ tags: ['x:1'] }] }, { transaction: own, ...options }));
    const ids = idsOf([...first, ...second]);
    expect(await read({})).toEqual(ids);
    expect(await read({ backwards: true })).toEqual(ids.toReversed());
    expect(await read({ after: 1, before: 5 })).toEqual(ids.slice(1, 4));
    expect(await read({ asOf: new Date(Date.now() + 60_000) })).toEqual(ids);
    expect(idsOf(await readAll(events, everything))).toEqual(idsOf(first));
  });
});

test('commits ring the bell, refusals do not', async () => {
  const { events, bell } = createMemoryPersistence();
  const refused = events.append({
    events: sampleEvents(1),
    expected: [{ stream: 'Sample-1', version: 4 }],
  });
  await assertRejects('CONCURRENCY_CONFLICT', refused);
  expect(bell.rings).toBe(0);
  await events.append({ events: sampleEvents(1) });
  expect(bell.rings).toBe(1);
});
