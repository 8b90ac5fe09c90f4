import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** The file with every sale and return of December 2010. */
export const december = fileURLToPath(
  new URL('../../../../shared/data/online-retail-2010-12.csv.gz', import.meta.url),
);
export const isHere = existsSync(december);
/** What tests of it say in front: that it is not here, where it is not. */
export const title = isHere ? 'December 2010' : 'December 2010 (skipped: ../shared/data/ is not here)';

/** What a day sold and took back, in hundredths. */
export type Day = { revenue: bigint; returns: bigint };

/** The prices of this file have at most two decimals. */
export function hundredths(price: string): bigint {
  const [whole = '', decimals = ''] = price.split('.');
  return BigInt(whole + decimals.padEnd(2, '0'));
}

export function dayOf(days: Map<string, Day>, name: string): Day {
  const day = days.get(name) ?? { revenue: 0n, returns: 0n };
  days.set(name, day);
  return day;
}

export function sorted(days: Map<string, Day>): readonly (readonly [string, Day])[] {
  return [...days].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Straight from the text, with none of the code under test: in this file only descriptions are quoted, and only they have commas. */
export function daysByHand(): Map<string, Day> {
  const [, ...rows] = gunzipSync(readFileSync(december)).toString().trimEnd().split('\n');
  const days = new Map<string, Day>();
  const firstDay = new Map<string, string>();
  for (const row of rows) {
    const cells = row.split(',');
    const [invoice = '', stockCode = ''] = cells;
    const [quantity = '', date = '', price = ''] = cells.slice(-5);
    const isReturn = invoice.startsWith('C');
    if (
      isReturn !== quantity.startsWith('-') ||
      quantity === '0' ||
      price.startsWith('-') ||
      stockCode === ''
    )
      continue;
    const name = firstDay.get(invoice) ?? date.slice(0, 10);
    firstDay.set(invoice, name);
    const amount = BigInt(quantity) * hundredths(price);
    if (isReturn) dayOf(days, name).returns -= amount;
    else dayOf(days, name).revenue += amount;
  }
  return days;
}
