import { diffLists, type ItemChange } from '../../consumption/row-diff.ts';
import { streamOf } from '../../domain/aggregate.ts';
import type { HistoryEntry, HistoryOptions, RowDiff } from '../../graphql/history-fields.ts';
import type { Line } from '../lines.ts';
import { Order } from './order.ts';
import type { Orders } from './orders-projection.ts';
import type { OrderRow } from './orders-table.ts';

/** All that changes an order's row is in the order's own stream. */
export const orderHistory: HistoryOptions = { stream: (id) => streamOf(Order, id) };

export type OrderStep = HistoryEntry<typeof Orders>;
export type OrderComparison = RowDiff<typeof Orders>;
export type LineChange = ItemChange<Line>;

/** The lines in which two states of an order differ. */
export function lineChanges(from: OrderRow | null, to: OrderRow | null): readonly LineChange[] {
  return diffLists(from?.lines ?? [], to?.lines ?? [], ({ sku }) => sku);
}
