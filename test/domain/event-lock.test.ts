import type { StandardSchemaV1 } from '@standard-schema/spec';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type AnyEventDefinition, event } from '../../src/domain/event.ts';
import { compareWithLock, lockOf } from '../../src/domain/event-lock.ts';
import { EventRegistry } from '../../src/domain/event-registry.ts';

const V1 = z.object({ id: z.string(), lines: z.array(z.object({ sku: z.string() })) });
const lock = lockOf(new EventRegistry([event('Placed', V1)]));

const compare = (...definitions: readonly AnyEventDefinition[]) =>
  compareWithLock(new EventRegistry(definitions), lock).map(
    ({ type, isBreaking }) => `${type} ${isBreaking}`,
  );

test('a lock survives being written and read, whatever the order of the definitions', () => {
  const A = event('A', z.object({ at: z.date(), size: z.bigint() }));
  const one = lockOf(new EventRegistry([A, event('Placed', V1)]));
  const other = lockOf(new EventRegistry([event('Placed', V1), A]));
  expect(JSON.stringify(one)).toBe(JSON.stringify(other));
  expect(
    compareWithLock(new EventRegistry([A, event('Placed', V1)]), JSON.parse(JSON.stringify(one))),
  ).toEqual([]);
});

test('a schema that takes more is harmless, one that takes less or something else is not', () => {
  expect(compare(event('Placed', V1))).toEqual([]);
  expect(compare(event('Placed', V1.extend({ note: z.string().optional() })))).toEqual(['Placed false']);
  expect(compare(event('Placed', V1.partial()))).toEqual(['Placed false']);
  const changed: readonly StandardSchemaV1[] = [
    V1.extend({ note: z.string() }),
    V1.omit({ lines: true }),
    V1.extend({ id: z.int() }),
    V1.extend({ lines: z.array(z.object({ sku: z.int() })) }),
    z.string(),
  ];
  for (const schema of changed) expect(compare(event('Placed', schema))).toEqual(['Placed true']);
});

test('what a schema only says is harmless; a member may be called like it', () => {
  const said = z
    .object({
      id: z.string().meta({ format: 'decimal', examples: ['1'] }),
      lines: z.array(z.object({ sku: z.string().describe('A unit.') })),
    })
    .describe('An order.');
  expect(compare(event('Placed', said))).toEqual(['Placed false']);
  expect(compare(event('Placed', V1.extend({ id: z.string().meta({ format: 'email' }) })))).toEqual([
    'Placed true',
  ]);
  const Titled = z.object({ title: z.string(), description: z.object({ title: z.string() }) });
  const titled = lockOf(new EventRegistry([event('T', Titled)]));
  const numbered = event('T', Titled.extend({ description: z.object({ title: z.number() }) }));
  expect(compareWithLock(new EventRegistry([numbered]), titled)).toMatchObject([{ isBreaking: true }]);
});

test('a version that rises needs an upcaster for each step, and none goes back', () => {
  expect(compare(event('Placed', z.object({}), { schemaVersion: 2, upcast: { 1: () => ({}) } }))).toEqual([
    'Placed false',
  ]);
  expect(compare(event('Placed', z.object({}), { schemaVersion: 3, upcast: { 1: () => ({}) } }))).toEqual([
    'Placed false',
    'Placed true',
  ]);
  const raised = lockOf(
    new EventRegistry([event('Placed', V1, { schemaVersion: 2, upcast: { 1: (data) => data } })]),
  );
  expect(compareWithLock(new EventRegistry([event('Placed', V1)]), raised)).toMatchObject([
    { isBreaking: true },
  ]);
});

test('a type that is gone is breaking, one that is new is not', () => {
  expect(compare(event('Other', z.object({})))).toEqual(['Other false', 'Placed true']);
});
