import { z } from 'zod';
import { event } from '../../domain/event.ts';
import { Id, Price, Quantity } from '../amounts.ts';

/** The tag of all events about one product's stock. */
export const productTag = (sku: string): string => `product:${sku}`;

/** So many units of one product. Lines of one order add up to more than one line may have. */
export const Units = z.object({ sku: Id, quantity: z.int().min(1) });
export type Units = z.infer<typeof Units>;

export const ProductAdded = event(
  'ProductAdded',
  // Stock is null for a product whose units are not counted.
  z.object({ sku: Id, name: z.string(), price: Price, stock: z.int().min(0).nullable() }),
  { tags: ({ sku }) => [productTag(sku)] },
);

export const Restocked = event('Restocked', z.object({ sku: Id, quantity: Quantity }), {
  tags: ({ sku }) => [productTag(sku)],
});

const stockTags = ({
  orderId,
  units,
}: {
  readonly orderId: string;
  readonly units: readonly Units[];
}): readonly string[] => [`order:${orderId}`, ...units.map(({ sku }) => productTag(sku))];

/** An order's units were taken from the stock. Products whose stock is not counted are not among them. */
export const StockReserved = event('StockReserved', z.object({ orderId: Id, units: z.array(Units) }), {
  tags: stockTags,
});

/** An order asked for more than there is. `units` are those that were missing. */
export const StockRefused = event('StockRefused', z.object({ orderId: Id, units: z.array(Units) }), {
  tags: ({ orderId }) => [`order:${orderId}`],
});

/** An order gave its units back. */
export const StockReleased = event('StockReleased', z.object({ orderId: Id, units: z.array(Units) }), {
  tags: stockTags,
});

export const productEvents = [ProductAdded, Restocked, StockReserved, StockRefused, StockReleased];
