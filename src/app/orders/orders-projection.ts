import { projection } from '../../consumption/projection.ts';
import { OrderCancelled, OrderPaid, OrderPlaced, OrderRefunded, OrderShipped } from './order-events.ts';
import { ordersTable } from './orders-table.ts';

/** Orders with their lines. */
export const Orders = projection('orders', ordersTable, {
  lists: {
    lines: { sku: 'text', name: 'text', quantity: 'number', unitPrice: 'decimal', amount: 'decimal' },
  },
})
  .on(
    OrderPlaced,
    ({ data }) => data.orderId,
    (_, { data, occurredAt }) => ({
      id: data.orderId,
      customerId: data.customerId,
      status: 'PLACED',
      placedAt: occurredAt,
      total: data.total,
      lines: data.lines,
      cancelReason: null,
      carrier: null,
    }),
  )
  .on(
    OrderPaid,
    ({ data }) => data.orderId,
    (order) => order && { ...order, status: 'PAID' },
  )
  .on(
    OrderShipped,
    ({ data }) => data.orderId,
    (order, { data }) => order && { ...order, status: 'SHIPPED', carrier: data.carrier },
  )
  .on(
    OrderCancelled,
    ({ data }) => data.orderId,
    (order, { data }) => order && { ...order, status: 'CANCELLED', cancelReason: data.reason },
  )
  .on(
    OrderRefunded,
    ({ data }) => data.orderId,
    (order) => order && { ...order, status: 'REFUNDED' },
  );
