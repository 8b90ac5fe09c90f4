import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { event, type NewEvent } from '../../src/domain/event.ts';

const Placed = event(
  'Placed',
  z.object({
    id: z.string().trim(),
    lines: z.array(z.object({ quantity: z.number().int() })),
    note: z.string().default(''),
  }),
  {
    tags: ({ id }) => [`order:${id}`],
    schemaVersion: 2,
  },
);

test('an event definition makes events of its type, version and tags', () => {
  expect(Placed({ id: ' 7 ', lines: [] })).toEqual({
    type: 'Placed',
    schemaVersion: 2,
    data: { id: '7', lines: [], note: '' },
    tags: ['order:7'],
  });
  expect([Placed.type, Placed.schemaVersion]).toEqual(['Placed', 2]);
});

test('an event has version 1 and no tags unless its definition says otherwise', () => {
  expect(event('Bare', z.object({}))({})).toEqual({ type: 'Bare', schemaVersion: 1, data: {}, tags: [] });
});

test('data that does not fit is refused, with a path to each fault', () => {
  const bad = (): unknown => Placed({ id: '7', lines: [{ quantity: 1 }, { quantity: 1.5 }] });
  expect(bad).toThrow(/event Placed.*lines\.1\.quantity/);
  expect(bad).toThrow(
    expect.objectContaining({
      code: 'INVALID_EVENT',
      fields: { issues: [expect.objectContaining({ path: ['lines', 1, 'quantity'] })] },
    }),
  );
});

test('an asynchronous schema is refused', () => {
  const Late = event(
    'Late',
    z.string().refine(async () => true),
  );
  expect(() => Late('x')).toThrow(expect.objectContaining({ code: 'ASYNC_SCHEMA' }));
});

describe('types', () => {
  test('are inferred from name and schema', () => {
    expectTypeOf(Placed).returns.toEqualTypeOf<
      NewEvent<'Placed', { id: string; lines: { quantity: number }[]; note: string }>
    >();
    expectTypeOf(Placed)
      .parameter(0)
      .toEqualTypeOf<{ id: string; lines: { quantity: number }[]; note?: string | undefined }>();
    // @ts-expect-error the quantity is a number
    const wrong = (): unknown => Placed({ id: '7', lines: [{ quantity: '1' }] });
    expect(wrong).toThrow('quantity');
    // @ts-expect-error tags see the data's type
    event('Wrong', z.object({ id: z.string() }), { tags: ({ name }) => [name] });
  });
});
