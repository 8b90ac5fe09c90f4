import { describe, expect, test } from 'vitest';
import { MAX_DOCUMENT_ROWS } from '../../../src/app/retail/invoice-window.ts';
import type { RetailDocument } from '../../../src/app/retail/retail-item.ts';
import { fileOf, otherInvoices, readContents, row, rowsIn } from './retail-files.ts';

const stockCodes = (document: RetailDocument | undefined) =>
  document?.lines.map(({ stockCode }) => stockCode);

describe('one document', () => {
  test('a sale has all that its rows say', async () => {
    const content = fileOf(
      row(),
      row({ stockCode: '71053', description: 'WHITE METAL LANTERN', quantity: '2', price: '3.39' }),
    );
    expect((await readContents(content)).documents).toEqual([
      {
        kind: 'sale',
        invoice: '536365',
        time: new Date('2010-12-01T08:26:00Z'),
        customerId: '17850',
        country: 'United Kingdom',
        lines: [
          {
            stockCode: '85123A',
            description: 'WHITE HANGING HEART T-LIGHT HOLDER',
            quantity: 6,
            unitPrice: '2.55',
            line: 2,
          },
          { stockCode: '71053', description: 'WHITE METAL LANTERN', quantity: 2, unitPrice: '3.39', line: 3 },
        ],
        rows: 2,
      },
    ]);
  });

  test('a return is a document of its own beside the sale of the same number', async () => {
    const { documents } = await readContents(fileOf(row(), row({ invoice: 'C536365', quantity: '-6' })));
    expect(documents).toMatchObject([
      { kind: 'sale', invoice: '536365', lines: [{ quantity: 6 }] },
      { kind: 'return', invoice: 'C536365', lines: [{ quantity: 6 }] },
    ]);
  });

  test('time, customer and country are those of the first accepted row', async () => {
    const rejected = row({ quantity: '0', date: '2010-12-01 08:00:00', customer: '1', country: 'France' });
    const first = row({ date: '2010-12-01 09:00:00', customer: '2', country: 'Spain' });
    const second = row({ date: '2010-12-01 07:00:00', customer: '3', country: 'Italy' });
    const { documents } = await readContents(fileOf(rejected, first, second));
    expect(documents).toMatchObject([
      { time: new Date('2010-12-01T09:00:00Z'), customerId: '2', country: 'Spain', rows: 2 },
    ]);
  });

  test('the same product twice stays two lines', async () => {
    const { documents } = await readContents(fileOf(row(), row()));
    expect(documents[0]?.lines.map(({ line }) => line)).toEqual([2, 3]);
  });

  test('an invoice that goes on in the next file is one document', async () => {
    const { documents } = await readContents(
      fileOf(row({ stockCode: 'A' })),
      fileOf(row({ stockCode: 'B' })),
    );
    expect(documents.map(stockCodes)).toEqual([['A', 'B']]);
  });
});

describe('the window', () => {
  test.each([0, 1, 999, 1_000])('with %i other rows between, two rows are one document', async (count) => {
    const outcome = await readContents(
      fileOf(row({ stockCode: 'A' }), ...otherInvoices(count), row({ stockCode: 'B' })),
    );
    const document = outcome.documents.find(({ invoice }) => invoice === '536365');
    expect(stockCodes(document)).toEqual(['A', 'B']);
    expect(outcome.rejections).toEqual([]);
  });

  test.each([1_001, 3_000])(
    'with %i other rows between, the later row is rejected, and says why',
    async (count) => {
      const outcome = await readContents(fileOf(row(), ...otherInvoices(count), row(), row()));
      expect(outcome.documents.find(({ invoice }) => invoice === '536365')?.rows).toBe(1);
      expect(outcome.rejections.map(({ line, reason }) => [line, reason])).toEqual([
        [count + 3, 'INVOICE_REOPENED'],
        [count + 4, 'INVOICE_REOPENED'],
      ]);
      expect(rowsIn(outcome)).toBe(count + 3);
    },
  );

  test.each([
    ['taken', row({ stockCode: 'B' }), ['A', 'B', 'C']],
    ['rejected', row({ quantity: '0' }), ['A', 'C']],
  ])('a row between, %s, keeps its invoice open', async (_, between, expected) => {
    const rows = [
      row({ stockCode: 'A' }),
      ...otherInvoices(900),
      between,
      ...otherInvoices(900, 800_000),
      row({ stockCode: 'C' }),
    ];
    const { documents } = await readContents(fileOf(...rows));
    expect(stockCodes(documents.find(({ invoice }) => invoice === '536365'))).toEqual(expected);
  });

  test('rows that cannot be read count as rows between', async () => {
    const { rejections } = await readContents(fileOf(row(), ...Array<string>(1_001).fill('junk'), row()));
    expect(rejections.at(-1)).toMatchObject({ line: 1_004, reason: 'INVOICE_REOPENED' });
  });

  test('the window reaches over the end of a file', async () => {
    const [first, second] = [
      fileOf(row(), ...otherInvoices(600)),
      fileOf(...otherInvoices(600, 800_000), row()),
    ];
    const { rejections } = await readContents(first, second);
    expect(rejections).toMatchObject([
      { file: expect.stringMatching(/1\.csv$/), line: 602, reason: 'INVOICE_REOPENED' },
    ]);
  });

  test('two invoices row by row in turn are two documents', async () => {
    const rows = Array.from({ length: 4_000 }, (_, index) => row({ invoice: String(1 + (index % 2)) }));
    expect((await readContents(fileOf(...rows))).documents.map(({ rows }) => rows)).toEqual([2_000, 2_000]);
  });

  test('an invoice as long as a file is cut at the longest document, and the rest says so', async () => {
    const outcome = await readContents(fileOf(...Array<string>(MAX_DOCUMENT_ROWS + 3).fill(row())));
    expect(outcome.documents.map(({ rows }) => rows)).toEqual([MAX_DOCUMENT_ROWS]);
    expect(outcome.rejections.map(({ reason }) => reason)).toEqual(Array(3).fill('INVOICE_TOO_LONG'));
  });
});
