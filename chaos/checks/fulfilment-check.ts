import { Checklist, type Finding } from '../../src/consumption/audit/finding.ts';
import type { StoredEvent } from '../../src/domain/event.ts';

/** What the shop's process manager owes each order that was paid was done, and done once. */
export function checkFulfilment(events: readonly StoredEvent[]): Finding {
  const list = new Checklist('every paid order was seen to once');
  const orders = Map.groupBy(events.filter(hasOrder), ({ data }) => data.orderId);
  for (const [orderId, history] of orders) {
    const count = (type: string): number => history.filter((event) => event.type === type).length;
    if (count('OrderPaid') === 0) continue;
    const [reserved, cancelled] = [count('StockReserved'), count('OrderCancelled')];
    const due = {
      'answers about its stock': [reserved + count('StockRefused'), 1],
      shipments: [count('OrderShipped'), reserved === 1 && cancelled === 0 ? 1 : 0],
      'stock given back': [count('StockReleased'), reserved === 1 && cancelled === 1 ? 1 : 0],
      cancellations: [cancelled, reserved === 1 ? Math.min(cancelled, 1) : 1],
    } as const;
    const faults = Object.entries(due).filter(([, [found, wanted]]) => found !== wanted);
    if (faults.length === 0) list.pass();
    else
      list.fail(
        `${orderId}: ${faults.map(([what, [found, wanted]]) => `${what} ${found} instead of ${wanted}`).join(', ')}`,
      );
  }
  return list.finding;
}

function hasOrder(event: StoredEvent): event is StoredEvent<string, { readonly orderId: string }> {
  return (
    typeof event.data === 'object' &&
    event.data !== null &&
    'orderId' in event.data &&
    event.type !== 'ItemsReturned'
  );
}
