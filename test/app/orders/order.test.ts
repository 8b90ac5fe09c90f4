import { describe, test } from 'vitest';
import { type Line, lineOf } from '../../../src/app/lines.ts';
import { Order } from '../../../src/app/orders/order.ts';
import {
  OrderCancelled,
  OrderPaid,
  OrderPlaced,
  OrderRefunded,
  OrderShipped,
} from '../../../src/app/orders/order-events.ts';
import { given } from '../../../src/domain/scenario.ts';

const { place, pay, ship, cancel, expire } = Order.commands;

const lines: Line[] = [
  lineOf({ sku: 'TEA', name: 'Tea', quantity: 3, unitPrice: '4.5' }),
  lineOf({ sku: 'MUG', name: 'Mug', quantity: 7, unitPrice: '0.0013' }),
];
const order = { orderId: '7', customerId: 'ada', country: 'France', lines };
const placed = {
  ...OrderPlaced({ ...order, total: '13.5091', needsStock: true }),
  occurredAt: new Date('2010-12-01T23:59:59Z'),
};
const paid = OrderPaid({ orderId: '7', customerId: 'ada', total: '13.5091' });
const shipped = OrderShipped({ orderId: '7', customerId: 'ada', carrier: 'Post' });
const cancelled = (reason: string | null) =>
  OrderCancelled({ ...order, total: '13.5091', placedOn: '2010-12-01', reason });
const refunded = (reason: string | null) =>
  OrderRefunded({ orderId: '7', customerId: 'ada', amount: '13.5091', reason });

describe('placing', () => {
  test('adds the lines up exactly', () =>
    given(Order)
      .when(place('7', { ...order, needsStock: true }))
      .then(OrderPlaced({ ...order, total: '13.5091', needsStock: true })));
  test('the same order again is rejected', () =>
    given(Order, placed)
      .when(place('7', { ...order, needsStock: true }))
      .thenRejected('ORDER_EXISTS'));
});

describe('paying', () => {
  test('a placed order', () => given(Order, placed).when(pay('7', {})).then(paid));
  test('an order that is not there is rejected', () =>
    given(Order).when(pay('7', {})).thenRejected('UNKNOWN_ORDER'));
  test('twice is rejected', () => given(Order, placed, paid).when(pay('7', {})).thenRejected('ORDER_PAID'));
  test('a refunded order is rejected', () =>
    given(Order, placed, paid, cancelled(null), refunded(null))
      .when(pay('7', {}))
      .thenRejected('ORDER_REFUNDED'));
  test('a cancelled order is rejected', () =>
    given(Order, placed, cancelled(null)).when(pay('7', {})).thenRejected('ORDER_CANCELLED'));
});

describe('shipping', () => {
  test('a refunded order is rejected', () =>
    given(Order, placed, paid, cancelled(null), refunded(null))
      .when(ship('7', { carrier: 'Post' }))
      .thenRejected('ORDER_REFUNDED'));
  test('a paid order', () =>
    given(Order, placed, paid)
      .when(ship('7', { carrier: ' Post ' }))
      .then(shipped));
  test('an unpaid order is rejected', () =>
    given(Order, placed)
      .when(ship('7', { carrier: 'Post' }))
      .thenRejected('ORDER_NOT_PAID'));
  test('twice is rejected', () =>
    given(Order, placed, paid, shipped)
      .when(ship('7', { carrier: 'Post' }))
      .thenRejected('ORDER_SHIPPED'));
});

describe('cancelling', () => {
  test('a placed order says what is taken back, and from which day', () =>
    given(Order, placed).when(cancel('7', {})).then(cancelled(null)));
  test('a paid order refunds it', () =>
    given(Order, placed, paid)
      .when(cancel('7', { reason: 'changed my mind' }))
      .then(cancelled('changed my mind'), refunded('changed my mind')));
  test('a refunded order is rejected', () =>
    given(Order, placed, paid, cancelled(null), refunded(null))
      .when(cancel('7', {}))
      .thenRejected('ORDER_REFUNDED'));
  test('a shipped order is rejected', () =>
    given(Order, placed, paid, shipped).when(cancel('7', {})).thenRejected('ORDER_SHIPPED'));
});

describe('waiting too long for the payment', () => {
  test('cancels a placed order', () => given(Order, placed).when(expire('7', {})).then(cancelled('UNPAID')));
  test('leaves a paid order alone', () => given(Order, placed, paid).when(expire('7', {})).then());
  test('leaves a cancelled order alone', () =>
    given(Order, placed, cancelled(null)).when(expire('7', {})).then());
});
