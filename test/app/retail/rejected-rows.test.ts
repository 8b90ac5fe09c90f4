import { describe, expect, test } from 'vitest';
import { MAX_CELL_LENGTH } from '../../../src/app/retail/judge-row.ts';
import { type Cells, fileOf, readContents, row } from './retail-files.ts';

/** The row stands between two good ones of its neighbours: it alone is rejected. */
async function expectRejected(bad: string, reason: string): Promise<void> {
  const before = row({ invoice: '1' });
  const after = row({ invoice: '2' });
  const { documents, rejections, error } = await readContents(fileOf(before, bad, after));
  expect(error).toBeUndefined();
  expect(rejections).toEqual([
    { kind: 'rejected', file: expect.stringMatching(/0\.csv$/), line: 3, reason, raw: bad },
  ]);
  expect(documents.map(({ invoice }) => invoice)).toEqual(['1', '2']);
}

describe('a row is rejected alone', () => {
  const cases: readonly (readonly [string, Cells, string])[] = [
    ['a sale of none', { quantity: '0' }, 'SALE_QUANTITY_NOT_POSITIVE'],
    ['a sale of less than none', { quantity: '-10' }, 'SALE_QUANTITY_NOT_POSITIVE'],
    ['a return of none', { invoice: 'C536379', quantity: '0' }, 'RETURN_QUANTITY_NOT_NEGATIVE'],
    ['a return of more than none', { invoice: 'C536379', quantity: '1' }, 'RETURN_QUANTITY_NOT_NEGATIVE'],
    ['a negative price', { price: '-11062.06' }, 'NEGATIVE_PRICE'],
    ['a price of five decimals', { price: '2.55001' }, 'PRICE_TOO_PRECISE'],
    ['no stock code', { stockCode: '' }, 'MISSING_STOCK_CODE'],
    ['a blank stock code', { stockCode: '  ' }, 'MISSING_STOCK_CODE'],
    ['an adjustment', { invoice: 'A563185' }, 'UNKNOWN_INVOICE_KIND'],
    ['no invoice', { invoice: '' }, 'UNKNOWN_INVOICE_KIND'],
    ['a small c', { invoice: 'c536379', quantity: '-1' }, 'UNKNOWN_INVOICE_KIND'],
    ['a C alone', { invoice: 'C', quantity: '-1' }, 'UNKNOWN_INVOICE_KIND'],
    ['digits and more', { invoice: '536365B' }, 'UNKNOWN_INVOICE_KIND'],
    ['half a quantity', { quantity: '1.5' }, 'MALFORMED_ROW'],
    ['no quantity', { quantity: '' }, 'MALFORMED_ROW'],
    ['a quantity in words', { quantity: 'six' }, 'MALFORMED_ROW'],
    ['a quantity of 40 digits', { quantity: '9'.repeat(40) }, 'MALFORMED_ROW'],
    ['a quantity in powers of ten', { quantity: '1e3' }, 'MALFORMED_ROW'],
    ['no price', { price: '' }, 'MALFORMED_ROW'],
    ['a price in powers of ten', { price: '1e3' }, 'MALFORMED_ROW'],
    ['a price that is no number', { price: 'NaN' }, 'MALFORMED_ROW'],
    ['a price without a whole part', { price: '.5' }, 'MALFORMED_ROW'],
    ['a price of 40 digits', { price: '9'.repeat(40) }, 'MALFORMED_ROW'],
    ['a customer who is no number', { customer: 'bob' }, 'MALFORMED_ROW'],
    ['half a customer', { customer: '17850.5' }, 'MALFORMED_ROW'],
    ['no date', { date: '' }, 'MALFORMED_ROW'],
    ['a date that never was', { date: '2010-02-30 08:26:00' }, 'MALFORMED_ROW'],
    ['a NUL', { description: 'A\0B' }, 'MALFORMED_ROW'],
    ['a cell that is too long', { description: 'x'.repeat(MAX_CELL_LENGTH + 1) }, 'MALFORMED_ROW'],
    ['a cell too many', { country: 'United Kingdom,' }, 'MALFORMED_ROW'],
    ['an open quote', { description: '"WHITE HEART' }, 'MALFORMED_ROW'],
  ];
  test.each(cases)('%s', (_, cells, reason) => expectRejected(row(cells), reason));

  test('a row cut short', () => expectRejected('536365,85123A,WHITE', 'MALFORMED_ROW'));
});

describe('a row is taken', () => {
  const cases: readonly (readonly [string, Cells, object])[] = [
    ['free of charge', { price: '0.0' }, { unitPrice: '0.0' }],
    ['at a whole price', { price: '18' }, { unitPrice: '18' }],
    ['at a price of four decimals', { price: '0.0001' }, { unitPrice: '0.0001' }],
    ['without a description', { description: '' }, { description: '' }],
    [
      'with an odd description',
      { description: '"POPPY\'S, 6"" \u00a35 \u{1F600}"' },
      { description: 'POPPY\'S, 6" \u00a35 \u{1F600}' },
    ],
    [
      'with the longest cell',
      { description: 'x'.repeat(MAX_CELL_LENGTH) },
      { description: 'x'.repeat(MAX_CELL_LENGTH) },
    ],
    ['its stock code in its own case', { stockCode: '85123a' }, { stockCode: '85123a' }],
    ['with an odd stock code', { stockCode: 'BANK CHARGES' }, { stockCode: 'BANK CHARGES' }],
    ['a return, its quantity turned positive', { invoice: 'C536379', quantity: '-24' }, { quantity: 24 }],
  ];
  test.each(cases)('%s', async (_, cells, expected) => {
    const { documents, rejections } = await readContents(fileOf(row(cells)));
    expect(rejections).toEqual([]);
    expect(documents[0]?.lines).toMatchObject([expected]);
  });

  test.each([
    ['17850.0', '17850'],
    ['17850', '17850'],
    ['', null],
  ])('customer %j is %j', async (customer, customerId) => {
    const { documents } = await readContents(fileOf(row({ customer })));
    expect(documents).toMatchObject([{ customerId }]);
  });
});

test('a row that is not UTF-8 is rejected alone', async () => {
  const latin1 = Buffer.from(`${row({ description: 'POST \u00a35' })}\n`, 'latin1');
  const content = Buffer.concat([
    Buffer.from(fileOf(row({ invoice: '1' }))),
    latin1,
    Buffer.from(row({ invoice: '2' })),
  ]);
  const { documents, rejections } = await readContents(content);
  expect(rejections).toMatchObject([
    { line: 3, reason: 'NOT_UTF8', raw: row({ description: 'POST \u00a35' }) },
  ]);
  expect(documents.map(({ invoice }) => invoice)).toEqual(['1', '2']);
});

test('an invoice of another kind is rejected whole, one whose rows all fail gives no document', async () => {
  const adjustment = row({ invoice: 'A563185' });
  const nothing = row({ invoice: '536589', quantity: '-10' });
  const { documents, rejections } = await readContents(fileOf(adjustment, nothing, adjustment, nothing));
  expect(documents).toEqual([]);
  expect(rejections.map(({ line, reason }) => [line, reason])).toEqual([
    [2, 'UNKNOWN_INVOICE_KIND'],
    [3, 'SALE_QUANTITY_NOT_POSITIVE'],
    [4, 'UNKNOWN_INVOICE_KIND'],
    [5, 'SALE_QUANTITY_NOT_POSITIVE'],
  ]);
});
