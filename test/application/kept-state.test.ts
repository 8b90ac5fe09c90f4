import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createPostgresPersistence } from '../../src/adapters/postgres/postgres-persistence.ts';
import { prepareEvent } from '../../src/application/prepare-event.ts';
import { Repository } from '../../src/application/repository.ts';
import { aggregate } from '../../src/domain/aggregate.ts';
import { event } from '../../src/domain/event.ts';
import { fold } from '../../src/domain/fold.ts';
import type { EventStore } from '../../src/persistence/event-store.ts';
import { openTestStore, type TestStore } from '../adapters/postgres/open-test-store.ts';
import { mapped } from './mapped.ts';
import { executorOf } from './open-executor.ts';

const Anything = event('Anything', z.unknown());

/** Remembers all that its events hold, as it is. */
const Box = aggregate('Box', {
  state: fold<readonly unknown[]>([]).on(Anything, (all, { data, metadata }) => [...all, data, metadata]),
  commands: (command) => ({ put: command(z.unknown(), (_, input) => Anything(input)) }),
});

let opened: TestStore;
let store: EventStore;
beforeAll(async () => {
  opened = await openTestStore();
  store = mapped(createPostgresPersistence({ database: opened.database })).events;
});
afterAll(() => opened[Symbol.asyncDispose]());

describe('what is kept of a command is what is loaded again', () => {
  test.each([
    ['members that are undefined', { a: undefined, b: [{ c: undefined, d: 1 }] }],
    ['zero below zero', { a: -0, b: [-0, { c: -0 }] }],
    ['dates', { at: new Date(0), all: [new Date(1)] }],
    ['numbers of any size', { a: 10n ** 40n }],
    ['maps and sets', { a: new Map([['x', new Set([1n])]]), b: new Set() }],
    ['bytes', { a: Buffer.from('a'), b: new Uint8Array([1]) }],
    ['all that JSON has', { a: [1, 'x', null, true, { b: [] }], c: 1.5e300 }],
  ])('%s', async (name, data) => {
    const repository = new Repository(store);
    const execute = executorOf(store, { repository });
    await execute(Box.commands.put(name, data), { metadata: { none: undefined, zero: [-0] } });
    const kept = await repository.load(Box, name);
    expect(kept).toStrictEqual(await new Repository(store).load(Box, name));
  });
});

test('what is stored as it is stays the value itself', () => {
  const data = { at: new Date(), list: [1] };
  expect(prepareEvent(Anything(data), 'Box-1', new Date(), {}).data).toBe(data);
});

test('data that holds itself is refused by the store, and not lost in a loop', async () => {
  const data: { self?: unknown; other?: unknown } = {};
  Object.assign(data, { self: data, other: data });
  const looped = executorOf(store)(Box.commands.put('loop', data));
  await expect(looped).rejects.toMatchObject({ code: 'INVALID_VALUE' });
});
