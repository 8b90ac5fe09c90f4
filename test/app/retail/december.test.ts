import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { readRetail } from '../../../src/app/retail/read-retail.ts';
import { type Outcome, outcomeOf, rowsIn } from './retail-files.ts';

const file = fileURLToPath(new URL('../../../../shared/data/online-retail-2010-12.csv.gz', import.meta.url));
const isHere = existsSync(file);
const title = isHere ? 'December 2010' : 'December 2010 (skipped: ../shared/data/ is not here)';

/** What a day sold and took back, in hundredths. */
type Day = { revenue: bigint; returns: bigint };

/** The prices of this file have at most two decimals. */
function hundredths(price: string): bigint {
  const [whole = '', decimals = ''] = price.split('.');
  return BigInt(whole + decimals.padEnd(2, '0'));
}

function dayOf(days: Map<string, Day>, name: string): Day {
  const day = days.get(name) ?? { revenue: 0n, returns: 0n };
  days.set(name, day);
  return day;
}

function sorted(days: Map<string, Day>): readonly (readonly [string, Day])[] {
  return [...days].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Straight from the text, with none of the code under test: in this file only descriptions are quoted, and only they have commas. */
function daysByHand(): Map<string, Day> {
  const [, ...rows] = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n');
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

function daysOf({ documents }: Outcome): Map<string, Day> {
  const days = new Map<string, Day>();
  for (const { kind, time, lines } of documents) {
    const day = dayOf(days, time.toISOString().slice(0, 10));
    for (const { quantity, unitPrice } of lines) {
      const amount = BigInt(quantity) * hundredths(unitPrice);
      if (kind === 'sale') day.revenue += amount;
      else day.returns += amount;
    }
  }
  return days;
}

describe.skipIf(!isHere)(title, () => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await outcomeOf(readRetail([file]));
  });

  test('has 42,481 rows: 42,411 accepted, 70 rejected', () => {
    expect(outcome.error).toBeUndefined();
    expect(outcome.rejections).toHaveLength(70);
    expect(rowsIn(outcome)).toBe(42_481);
    for (const { lines, rows } of outcome.documents) expect(lines).toHaveLength(rows);
  });

  test('has 1,629 sales and 326 returns, each invoice once', () => {
    const kinds = outcome.documents.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'sale')).toHaveLength(1_629);
    expect(kinds.filter((kind) => kind === 'return')).toHaveLength(326);
    expect(new Set(outcome.documents.map(({ invoice }) => invoice)).size).toBe(1_955);
  });

  test('has 948 registered customers', () => {
    const customers = new Set(outcome.documents.map(({ customerId }) => customerId));
    customers.delete(null);
    expect(customers.size).toBe(948);
  });

  test('sold 823,746.14 and took back 74,789.12 on 20 days', () => {
    const days = [...daysOf(outcome).values()];
    expect(days).toHaveLength(20);
    expect(days.reduce((sum, { revenue }) => sum + revenue, 0n)).toBe(82_374_614n);
    expect(days.reduce((sum, { returns }) => sum + returns, 0n)).toBe(7_478_912n);
  });

  test('equals, day by day, a computation straight from the file', () =>
    expect(sorted(daysOf(outcome))).toEqual(sorted(daysByHand())));

  test('rejects only sales of nothing or less, each with its line and its row as it stands there', () => {
    const lines = gunzipSync(readFileSync(file)).toString().split('\n');
    for (const { line, raw, reason } of outcome.rejections) {
      expect(raw).toBe(lines[line - 1]);
      expect(reason).toBe('SALE_QUANTITY_NOT_POSITIVE');
    }
  });
});
