import { z } from 'zod';
import {
  addDecimals,
  type Decimal,
  isDecimal,
  multiplyDecimals,
  normalizeDecimal,
} from '../kernel/decimal.ts';

/** A price: not negative, up to 12 digits before the point and 4 behind it, written without superfluous zeros. */
export const Price = z
  .string()
  .regex(
    /^\d{1,12}(\.\d{1,4})?$/,
    'must be a decimal number, not negative, with up to 12 digits before the point and 4 behind it',
  )
  .transform(normalizeDecimal)
  // What GraphQL makes a Decimal of.
  .meta({ format: 'decimal' });

/** An exact sum of money, of any size and sign. */
export const Amount = z.string().refine(isDecimal, 'must be a decimal number').meta({ format: 'decimal' });

/** How many units: a whole number from 1 to a million. */
export const Quantity = z.int().min(1).max(1_000_000);

/** The id of an entity: what clients choose or get. */
export const Id = z.string().min(1).max(100);

/** Quantity times unit price. */
export function amountOf(quantity: number, unitPrice: Decimal): Decimal {
  return multiplyDecimals(String(quantity), unitPrice);
}

/** The exact sum of amounts. */
export function sumOf(amounts: readonly Decimal[]): Decimal {
  return amounts.reduce(addDecimals, '0');
}
