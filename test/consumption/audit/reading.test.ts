import type { StandardSchemaV1 } from '@standard-schema/spec';
import { expect, test } from 'vitest';
import { Reading } from '../../../src/consumption/audit/reading.ts';
import { event } from '../../../src/domain/event.ts';
import { EventRegistry } from '../../../src/domain/event-registry.ts';
import { LivefoldError } from '../../../src/kernel/errors.ts';
import { Counted, counted, stored, whispered } from '../counters.ts';

const registry = new EventRegistry([Counted]);

test('events that cannot be opened or understood are counted by type and reason, the others are given', async () => {
  const events = stored(counted('a'), whispered(), counted('b'), whispered(), counted('c'));
  const reading = new Reading((some) => {
    const [closed] = some.filter(({ position }) => position === 3);
    if (closed === undefined) return some;
    throw new LivefoldError('SEALED_DATA_DAMAGED', 'no', { fields: { position: closed.position } });
  }, registry);
  expect((await reading.read(events)).map(({ position }) => position)).toEqual([1, 5]);
  expect(reading.count).toBe(5);
  expect(reading.unreadable).toMatchObject([
    { type: 'Counted', code: 'SEALED_DATA_DAMAGED', count: 1, position: 3 },
    { type: 'Whispered', code: 'UNKNOWN_EVENT_TYPE', count: 2, position: 2 },
  ]);
});

test('a database that does not answer says nothing about events', async () => {
  const reading = new Reading(() => {
    throw new LivefoldError('DATABASE_UNAVAILABLE', 'gone');
  }, registry);
  await expect(reading.read(stored(counted('a')))).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  expect(reading.unreadable).toEqual([]);
});

test('a schema that throws at data that it did not expect finds the event unreadable', async () => {
  const schema: StandardSchemaV1<object, object> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate() {
        throw new TypeError('not a list');
      },
    },
  };
  const reading = new Reading((some) => some, new EventRegistry([event('Counted', schema)]));
  expect(await reading.read(stored(counted('a')))).toEqual([]);
  expect(reading.finding).toMatchObject({
    faults: 1,
    examples: ['1 × Counted version 1, first at position 1: INVALID_EVENT: TypeError: not a list'],
  });
});
