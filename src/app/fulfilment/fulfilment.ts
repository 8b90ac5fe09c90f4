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

const cancel = (orderId: string, reason: string) => Order.commands.cancel(orderId, { reason });

/**
 * Paid → stock reserved → shipped, or cancelled and released; unpaid for 7 days → cancelled. Orders of the past, which an
 * import brings, start no process.
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
      progress === undefined
        ? {}
        : {
            state: { ...progress, step: 'paid' },
            unschedule: ['unpaid'],
            send: [reserveStock({ orderId, units: [...progress.units] })],
          },
  )
  .on(
    StockReserved,
    ({ data }) => data.orderId,
    (progress, { data: { orderId } }) => {
      if (progress === undefined) return {};
      if (progress.step === 'cancelled') return { state: null, send: [releaseStock({ orderId })] };
      if (progress.step === 'shipped') return { state: null };
      return {
        state: { ...progress, step: 'reserved' },
        send: [Order.commands.ship(orderId, { carrier: 'Livefold Post' })],
      };
    },
  )
  .on(
    StockRefused,
    ({ data }) => data.orderId,
    (progress, { data: { orderId } }) =>
      progress === undefined
        ? {}
        : { state: null, send: progress.step === 'paid' ? [cancel(orderId, 'OUT_OF_STOCK')] : [] },
  )
  .on(
    OrderCancelled,
    ({ data }) => data.orderId,
    (progress, { data: { orderId } }) => {
      if (progress === undefined) return {};
      if (progress.step === 'paid') return { state: { ...progress, step: 'cancelled' } };
      return { state: null, send: progress.step === 'reserved' ? [releaseStock({ orderId })] : [] };
    },
  )
  .on(
    OrderShipped,
    ({ data }) => data.orderId,
    (progress) => {
      if (progress === undefined) return {};
      return { state: progress.step === 'paid' ? { ...progress, step: 'shipped' } : null };
    },
  )
  .onTimer('unpaid', (progress, orderId) =>
    progress?.step === 'placed' ? { send: [Order.commands.expire(orderId, {})] } : {},
  );
