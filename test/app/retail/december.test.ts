import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { readRetail } from '../../../src/app/retail/read-retail.ts';
import {
  type Day,
  dayOf,
  daysByHand,
  december,
  hundredths,
  isHere,
  sorted,
  title,
} from './december-by-hand.ts';
import { type Outcome, outcomeOf, rowsIn } from './retail-files.ts';

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
    outcome = await outcomeOf(readRetail([december]));
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
    const lines = gunzipSync(readFileSync(december)).toString().split('\n');
    for (const { line, raw, reason } of outcome.rejections) {
      expect(raw).toBe(lines[line - 1]);
      expect(reason).toBe('SALE_QUANTITY_NOT_POSITIVE');
    }
  });
});
