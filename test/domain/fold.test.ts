import fc from 'fast-check';
import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { sampleEvent } from '../../src/consumption/contract/sample-events.ts';
import { event } from '../../src/domain/event.ts';
import { type Fold, fold } from '../../src/domain/fold.ts';

const Added = event('Added', z.object({ amount: z.number() }));
const Reset = event('Reset', z.object({}));
const sum = fold(0)
  .on(Added, (total, { data }) => total + data.amount)
  .on(Reset, () => 0);

const added = (amount: number) => sampleEvent(Added({ amount }));

test('a fold goes from its initial state through the events it handles', () => {
  expect(sum.run([])).toBe(0);
  expect(
    sum.run([added(1), added(2), sampleEvent(Reset({})), added(4), sampleEvent({ type: 'Unknown' })]),
  ).toBe(4);
  expect(sum.types).toEqual(['Added', 'Reset']);
});

test('a fold stopped anywhere and taken up again ends the same', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.nat(20), (amounts, cut) => {
      const events = amounts.map(added);
      expect(sum.run(events.slice(cut), sum.run(events.slice(0, cut)))).toBe(sum.run(events));
    }),
  );
});

test('handling one more type makes another fold and leaves the first', () => {
  const doubled = sum.on(Added, (total, { data }) => total + 2 * data.amount);
  expect([sum.run([added(3)]), doubled.run([added(3)])]).toEqual([3, 6]);
});

test('the types of state and data are inferred', () => {
  expectTypeOf(sum).toEqualTypeOf<Fold<number>>();
  fold({ n: 0 }).on(Added, (state, one) => {
    expectTypeOf(one.data).toEqualTypeOf<{ amount: number }>();
    expectTypeOf(one.type).toEqualTypeOf<'Added'>();
    return state;
  });
  // @ts-expect-error a handler gives back the state's type
  fold(0).on(Added, () => 'one');
});
