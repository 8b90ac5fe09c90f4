import { bigint, pgTable, text } from 'drizzle-orm/pg-core';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { foldRow, keysOf } from '../../src/consumption/fold-rows.ts';
import { processManager } from '../../src/consumption/process-manager.ts';
import { projection } from '../../src/consumption/projection.ts';
import { event, type StoredEvent } from '../../src/domain/event.ts';
import { fold } from '../../src/domain/fold.ts';

const Named = event('Named', z.object({ id: z.string(), name: z.string() }), {
  schemaVersion: 2,
  upcast: { 1: ([id, name]: [string, string]) => ({ id, name }) },
});

const older: StoredEvent = {
  ...{
    position: 4,
    id: '0192d3a4-0000-7000-8000-000000000001',
    stream: 'Thing-7',
    version: 1,
    type: 'Named',
  },
  ...{
    schemaVersion: 1,
    data: ['7', 'seven'],
    tags: [],
    correlationId: null,
    causationId: null,
    actor: null,
  },
  ...{ tenant: null, metadata: null, occurredAt: new Date(0), recordedAt: new Date(0) },
};
const newer = { ...older, schemaVersion: 3 };

test('aggregates, projections and process managers see an older event as its definition knows it today', () => {
  const state = fold('').on(Named, (_, { data }) => data.name);
  expect(state.run([older])).toBe('seven');

  const table = pgTable('things', {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    position: bigint('position', { mode: 'number' }).notNull(),
  });
  const things = projection('things', table).on(Named, 'id', (_, { data }) => data);
  expect(keysOf(things, [older])).toEqual(new Set(['7']));
  expect(foldRow(things, '7', [older])).toEqual({ id: '7', name: 'seven' });

  const manager = processManager<string>('naming').on(
    Named,
    ({ data }) => data.id,
    (_, { data }) => ({ state: data.name }),
  );
  expect(manager.reactionTo('Named')?.key(older)).toBe('7');
  expect(manager.reactionTo('Named')?.react(undefined, older)).toEqual({ state: 'seven' });
});

test('nobody folds an event that a newer program wrote', () => {
  const state = fold('').on(Named, (_, { data }) => data.name);
  expect(() => state.run([newer])).toThrow(expect.objectContaining({ code: 'UNKNOWN_EVENT_VERSION' }));
  expect(fold('').run([newer])).toBe('');
});
