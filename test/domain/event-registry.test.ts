import { expect, test } from 'vitest';
import { z } from 'zod';
import { event, type StoredEvent } from '../../src/domain/event.ts';
import { EventRegistry } from '../../src/domain/event-registry.ts';

const Opened = event('Opened', z.object({ id: z.string(), limit: z.number() }), {
  schemaVersion: 3,
  upcast: {
    1: ({ name, ...rest }: { name: string }) => ({ ...rest, id: name }),
    2: (data: object) => ({ ...data, limit: 0 }),
  },
});
const registry = new EventRegistry([Opened]);

const stored = (given: Partial<StoredEvent>): StoredEvent => ({
  ...{
    position: 1,
    id: '0192d3a4-0000-7000-8000-000000000001',
    stream: 'Account-1',
    version: 7,
    type: 'Opened',
  },
  ...{
    schemaVersion: 3,
    data: {},
    tags: [],
    correlationId: null,
    causationId: null,
    actor: null,
    tenant: null,
  },
  ...{ metadata: null, occurredAt: new Date(0), recordedAt: new Date(0) },
  ...given,
});

test('an event of each version is understood as the newest, and keeps what nobody knows', () => {
  const versions: readonly Partial<StoredEvent>[] = [
    { schemaVersion: 1, data: { name: 'a', extra: 1 } },
    { schemaVersion: 2, data: { id: 'a', extra: 1 } },
    { schemaVersion: 3, data: { id: 'a', limit: 0, extra: 1 } },
  ];
  for (const version of versions)
    expect(registry.understand(stored(version))).toEqual(
      stored({ schemaVersion: 3, data: { id: 'a', limit: 0, extra: 1 } }),
    );
});

test('what cannot be understood is named: type, stream and version', () => {
  const refused = (given: Partial<StoredEvent>) => {
    try {
      return registry.understand(stored(given));
    } catch (error) {
      return error;
    }
  };
  const where = { stream: 'Account-1', version: 7 };
  expect(refused({ type: 'Closed' })).toMatchObject({
    code: 'UNKNOWN_EVENT_TYPE',
    fields: { type: 'Closed', ...where },
  });
  expect(refused({ schemaVersion: 4 })).toMatchObject({
    code: 'UNKNOWN_EVENT_VERSION',
    fields: { type: 'Opened', ...where, schemaVersion: 4, known: 3 },
  });
  expect(refused({ schemaVersion: 1, data: null })).toMatchObject({
    code: 'UPCAST_FAILED',
    fields: { type: 'Opened', ...where, schemaVersion: 1 },
  });
  expect(refused({ data: { id: 1 } })).toMatchObject({ code: 'INVALID_EVENT' });
  expect(String(refused({ type: 'Closed' }))).toContain('the stream "Account-1" has one at version 7');
});

test('a version that no upcaster starts from is an error that says what to write', () => {
  const Gap = event('Gap', z.object({}), { schemaVersion: 3, upcast: { 1: (data) => data } });
  expect(() => new EventRegistry([Gap]).understand(stored({ type: 'Gap', schemaVersion: 1 }))).toThrow(
    expect.objectContaining({
      code: 'UPCAST_FAILED',
      message: expect.stringContaining('upcast: { 2: (data) =>'),
    }),
  );
});

test('two definitions of one name are refused', () => {
  expect(() => new EventRegistry([Opened, event('Opened', z.object({}))])).toThrow(
    expect.objectContaining({ code: 'DUPLICATE_EVENT_TYPE' }),
  );
});
