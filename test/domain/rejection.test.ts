import { expect, test } from 'vitest';
import { eventsOf, isRejection, reject } from '../../src/domain/rejection.ts';
import { Deposited } from './bank.ts';

test('a rejection has a reason for programs and a message for people', () => {
  expect(reject('ORDER_NOT_PAID')).toEqual({
    rejected: true,
    reason: 'ORDER_NOT_PAID',
    message: 'order not paid',
  });
  expect(reject('ORDER_NOT_PAID', 'Pay first.').message).toBe('Pay first.');
});

test('one event, several and none are no rejection', () => {
  const one = Deposited({ amount: 1 });
  expect([one, [one], []].map(isRejection)).toEqual([false, false, false]);
  expect(isRejection(reject('NO'))).toBe(true);
  expect([eventsOf(one), eventsOf([one, one]), eventsOf([])]).toEqual([[one], [one, one], []]);
});
