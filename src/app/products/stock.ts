import { z } from 'zod';
import { decision } from '../../domain/decision.ts';
import { fold } from '../../domain/fold.ts';
import type { Query } from '../../domain/query.ts';
import { Id } from '../amounts.ts';
import {
  ProductAdded,
  productTag,
  Restocked,
  StockRefused,
  StockReleased,
  StockReserved,
  Units,
} from './product-events.ts';

/** Units at hand by SKU; a product without a count is not in it. */
type Stock = { readonly counts: ReadonlyMap<string, number>; readonly reserved: readonly Units[] | null };

const ReserveStock = z.object({ orderId: Id, units: z.array(Units) });
const ReleaseStock = z.object({ orderId: Id });

const stockStream = (orderId: string): string => `Stock-${orderId}`;

/** All that changes the stock of these products, and what this order has reserved. */
function stockQuery(orderId: string, skus: readonly string[]): Query {
  const types = [ProductAdded, Restocked, StockReserved, StockReleased].map(({ type }) => type);
  return {
    items: [...skus.map((sku) => ({ types, tags: [productTag(sku)] })), { tags: [`order:${orderId}`] }],
  };
}

function stockFold(orderId: string) {
  return fold<Stock>({ counts: new Map(), reserved: null })
    .on(ProductAdded, (stock, { data }) =>
      data.stock === null ? stock : withUnits(stock, [{ sku: data.sku, quantity: data.stock }], 1),
    )
    .on(Restocked, (stock, { data }) => withUnits(stock, [data], 1))
    .on(StockReserved, (stock, { data }) => ({
      ...withUnits(stock, data.units, -1),
      reserved: data.orderId === orderId ? data.units : stock.reserved,
    }))
    .on(StockReleased, (stock, { data }) => ({
      ...withUnits(stock, data.units, 1),
      reserved: data.orderId === orderId ? null : stock.reserved,
    }));
}

function withUnits(stock: Stock, units: readonly Units[], sign: 1 | -1): Stock {
  const counts = new Map(stock.counts);
  for (const { sku, quantity } of units) counts.set(sku, (counts.get(sku) ?? 0) + sign * quantity);
  return { ...stock, counts };
}

/** Takes an order's units from the stock, all or none: the answer is an event either way, which fulfilment reacts to. */
export const reserveStock = decision('reserveStock', {
  schema: ReserveStock,
  query: ({ orderId, units }) => stockQuery(orderId, [...new Set(units.map(({ sku }) => sku))]),
  state: ({ orderId }) => stockFold(orderId),
  decide: ({ counts, reserved }, { orderId, units }) => {
    if (reserved !== null) return [];
    const counted = totalUnits(units).filter(({ sku }) => counts.has(sku));
    const missing = counted
      .map(({ sku, quantity }) => ({ sku, quantity: quantity - (counts.get(sku) ?? 0) }))
      .filter(({ quantity }) => quantity > 0);
    return missing.length > 0
      ? StockRefused({ orderId, units: missing })
      : StockReserved({ orderId, units: counted });
  },
  stream: ({ orderId }) => stockStream(orderId),
});

/** Gives an order's units back. Nothing to do when it has none. */
export const releaseStock = decision('releaseStock', {
  schema: ReleaseStock,
  query: ({ orderId }) => stockQuery(orderId, []),
  state: ({ orderId }) => stockFold(orderId),
  decide: ({ reserved }, { orderId }) =>
    reserved === null ? [] : StockReleased({ orderId, units: [...reserved] }),
  stream: ({ orderId }) => stockStream(orderId),
});

/** One entry a product, however many lines an order has for it. */
function totalUnits(units: readonly Units[]): readonly Units[] {
  const totals = new Map<string, number>();
  for (const { sku, quantity } of units) totals.set(sku, (totals.get(sku) ?? 0) + quantity);
  return [...totals].map(([sku, quantity]) => ({ sku, quantity }));
}
