import { processManager } from '../../consumption/process-manager.ts';
import { Order } from '../orders/order.ts';
import { OrderCancelled, OrderPaid, OrderPlaced, OrderShipped } from '../orders/order-events.ts';
import { StockRefused, StockReserved } from '../products/product-events.ts';
import { releaseStock, reserveStock } from '../products/stock.ts';

type Line = { readonly sku: string; readonly quantity: number };

/**
 * How far the fulfilment of one order is. An order that is cancelled or shipped by hand before the answer about its stock
 * has come waits for that answer.
 */
type Progress = {
  readonly step: 'placed' | 'paid' | 'reserved' | 'cancelled' | 'shipped';
  readonly units: readonly Line[];
};

/** Unpaid orders are cancelled after so many milliseconds: 7 days. */
const patience = 7 * 24 * 60 * 60 * 1_000;

/** Cancels an order, which refunds one that is paid. */
const cancel = (orderId: string, reason: string) => Order.commands.cancel(orderId, { reason });

/**
 * Paid → stock reserved → shipped, or refunded when there is too little; unpaid for 7 days → cancelled; what was reserved for
 * an order that is off is released. Orders of the past, which an import brings, start no process.
 */
export const Fulfilment = processManager<Progress>('fulfilment')
  .on(
    OrderPlaced,
    ({ data }) => (data.needsStock ? data.orderId : null),
    (_, { data, occurredAt }) => ({
      state: { step: 'placed', units: data.lines.map(({ sku, quantity }) => ({ sku, quantity })) },
      schedule: [{ name: 'unpaid', at: new Date(occurredAt.getTime() + patience) }],
    }),
  )
  .on(
    OrderPaid,
    ({ data }) => data.orderId,
    (progress, { data: { orderId } }) =>
      progress?.step === 'placed'
        ? {
            state: { ...progress, step: 'paid' },
            unschedule: ['unpaid'],
            send: [reserveStock({ orderId, units: [...progress.units] })],
          }
        : {},
  )
  .on(
    StockReserved,
    ({ data }) => data.orderId,
    (progress, { data: { orderId } }) => {
      if (progress?.step === 'cancelled') return { state: null, send: [releaseStock({ orderId })] };
      if (progress?.step === 'shipped') return { state: null };
      if (progress?.step !== 'paid') return {};
      const ship = Order.commands.ship(orderId, { carrier: 'Livefold Post' });
      return { state: { ...progress, step: 'reserved' }, send: [ship] };
    },
  )
  .on(
    StockRefused,
    ({ data }) => data.orderId,
    (progress, { data: { orderId } }) => {
      if (progress?.step === 'cancelled' || progress?.step === 'shipped') return { state: null };
      return progress?.step === 'paid' ? { state: null, send: [cancel(orderId, 'OUT_OF_STOCK')] } : {};
    },
  )
  .on(
    OrderCancelled,
    ({ data }) => data.orderId,
    (progress, { data: { orderId } }) => {
      if (progress?.step === 'placed') return { state: null };
      if (progress?.step === 'reserved') return { state: null, send: [releaseStock({ orderId })] };
      return progress?.step === 'paid' ? { state: { ...progress, step: 'cancelled' } } : {};
    },
  )
  .on(
    OrderShipped,
    ({ data }) => data.orderId,
    (progress) => {
      if (progress?.step === 'reserved') return { state: null };
      return progress?.step === 'paid' ? { state: { ...progress, step: 'shipped' } } : {};
    },
  )
  .onTimer('unpaid', (progress, orderId) =>
    progress?.step === 'placed' ? { send: [Order.commands.expire(orderId, {})] } : {},
  );
