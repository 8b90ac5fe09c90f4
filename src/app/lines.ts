import { z } from 'zod';
import { Amount, amountOf, Id, Price, Quantity, sumOf } from './amounts.ts';
import { mostLines } from './most-lines.ts';

/** Some units of one product, with the name and price they had when they were ordered. */
export const Line = z.object({
  sku: Id,
  name: z.string(),
  quantity: Quantity,
  unitPrice: Price,
  amount: Amount,
});
export type Line = z.infer<typeof Line>;

/** The lines of an order or a return: at least one. */
export const Lines = z.array(Line).min(1).max(mostLines);

/** The lines of a command. Each one is checked by the event that it becomes part of; orders of hundreds of lines need that once. */
export const CommandLines = z.array(z.custom<Line>()).min(1).max(mostLines);

/** A line with its amount. */
export function lineOf(line: Omit<Line, 'amount'>): Line {
  return { ...line, amount: amountOf(line.quantity, line.unitPrice) };
}

/** What lines come to. */
export function totalOf(lines: readonly Line[]): string {
  return sumOf(lines.map(({ amount }) => amount));
}

/** How many units lines have. */
export function unitsOf(lines: readonly Line[]): number {
  return lines.reduce((units, { quantity }) => units + quantity, 0);
}
