import { useEffect } from 'react';
import { useQuery, useSubscription } from 'urql';
import { amount } from './amount.ts';
import { readSales, watchOrders } from './operations.ts';

/** What was sold on the last day: a query, read again when the orders change, and never older than this page's own orders. */
export function Sales() {
  const [{ data: watched }] = useSubscription({ query: watchOrders });
  const [{ data }, readAgain] = useQuery({ query: readSales });
  const orders = watched?.orders;
  useEffect(() => {
    if (orders?.live === true) readAgain({ requestPolicy: 'network-only' });
  }, [orders, readAgain]);
  const today = data?.dailySales.at(-1);
  if (today === undefined) return <p className="sales">No sales yet.</p>;
  return (
    <p className="sales">
      {today.day}: <b>{today.orders}</b> orders, <b>{amount(today.revenue)}</b>
    </p>
  );
}
