import { foldRow } from '../../consumption/fold-rows.ts';
import { streamOf } from '../../domain/aggregate.ts';
import type { StoredEvent } from '../../domain/event.ts';
import { streamQuery } from '../../domain/query.ts';
import type { AsOf } from '../../graphql/core-schema.ts';
import type { EventStore } from '../../persistence/event-store.ts';
import { Order } from './order.ts';
import { Orders } from './orders-projection.ts';
import type { OrderRow } from './orders-table.ts';

/** An order as it was: the same fold as its read table's, over its own stream, stopped at the moment asked for. */
export async function orderInTime(store: EventStore, id: string, asOf: AsOf): Promise<OrderRow | null> {
  const stop = {
    ...(typeof asOf.position === 'number' ? { before: asOf.position + 1 } : {}),
    ...(typeof asOf.version === 'number' ? { limit: Math.max(asOf.version, 0) } : {}),
    ...(asOf.time instanceof Date ? { asOf: asOf.time } : {}),
  };
  const events: StoredEvent[] = await Array.fromAsync(store.read(streamQuery(streamOf(Order, id)), stop));
  const row = foldRow(Orders, id, events);
  // The projection's own fold made the row; its position is that of the last event that was folded.
  return row === undefined ? null : ({ ...row, position: events.at(-1)?.position ?? 0 } as OrderRow);
}
