import { memo } from 'react';
import { useMutation, useSubscription } from 'urql';
import { amount } from './amount.ts';
import { type Order, payOrder, watchOrders } from './operations.ts';

/** All orders, newest first. */
export function OrderList() {
  const [{ data, error }] = useSubscription({ query: watchOrders });
  if (error !== undefined) return <p role="alert">{error.message}</p>;
  if (data === undefined) return <p>Loading the orders …</p>;
  const orders = data.orders.upserted.toSorted((a, b) => (a.placedAt < b.placedAt ? 1 : -1));
  return (
    <table aria-busy={!data.orders.live}>
      <caption>{orders.length} orders</caption>
      <thead>
        <tr>
          <th>Order</th>
          <th>Placed</th>
          <th>Lines</th>
          <th className="number">Total</th>
          <th>Status</th>
        </tr>
      </thead>
      <tbody>
        {orders.map((order) => (
          <OrderRow key={order.id} order={order} />
        ))}
      </tbody>
    </table>
  );
}

/** An order that did not change is the same object as before, and is not rendered again. */
const OrderRow = memo(({ order }: { readonly order: Order }) => {
  const [{ fetching, error }, pay] = useMutation(payOrder);
  return (
    <tr data-order={order.id}>
      <td>
        <code>{order.id.slice(0, 8)}</code>
      </td>
      <td>{new Date(order.placedAt).toLocaleTimeString('en-GB')}</td>
      <td>{order.lines.map(({ name, quantity }) => `${quantity} × ${name}`).join(', ')}</td>
      <td className="number">{amount(order.total)}</td>
      <td>
        <span className={`status ${order.status.toLowerCase()}`}>{order.status.toLowerCase()}</span>
        {order.status === 'PLACED' && (
          <button
            type="button"
            disabled={fetching}
            onClick={() => void pay({ input: { orderId: order.id }, commandId: `pay-${order.id}` })}
          >
            Pay
          </button>
        )}
        {error !== undefined && <small role="alert">{error.message}</small>}
      </td>
    </tr>
  );
});
