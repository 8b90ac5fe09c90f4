import { expect, test } from 'vitest';
import { isLivefoldError, LivefoldError, rootCause } from '../../src/kernel/errors.ts';

test('an error is known by its code', () => {
  const error = new LivefoldError('NOT_FOUND', 'There is no such order.', { fields: { id: '7' } });
  expect([
    isLivefoldError(error),
    isLivefoldError(error, 'NOT_FOUND'),
    isLivefoldError(error, 'OTHER'),
    isLivefoldError(new Error('x')),
  ]).toEqual([true, true, false, false]);
  expect(error.fields).toEqual({ id: '7' });
  expect('cause' in error).toBe(false);
});

test('the innermost cause is found, also in a circle', () => {
  const inner = new Error('inner');
  expect(rootCause(new LivefoldError('X', 'outer', { cause: new Error('middle', { cause: inner }) }))).toBe(
    inner,
  );
  inner.cause = inner;
  expect(rootCause(inner)).toBe(inner);
});
