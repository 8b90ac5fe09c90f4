import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readRetail } from '../../../src/app/retail/read-retail.ts';
import { LivefoldError } from '../../../src/kernel/errors.ts';
import {
  Folder,
  fileOf,
  HEADER,
  otherInvoices,
  outcomeOf,
  readContents,
  row,
  rowsIn,
} from './retail-files.ts';

describe('the file', () => {
  test('gzip is known by its first bytes, not by its name', async () => {
    await using folder = await Folder.create();
    const packed = await folder.write('packed.csv', gzipSync(fileOf(row({ invoice: '1' }))));
    const plain = await folder.write('plain.csv.gz', fileOf(row({ invoice: '2' })));
    const { documents } = await outcomeOf(readRetail([packed, plain]));
    expect(documents.map(({ invoice }) => invoice)).toEqual(['1', '2']);
  });

  test('columns may stand in any order, with a byte order mark, quotes and CRLF', async () => {
    const header =
      '\uFEFF"Country",CustomerID,UnitPrice,InvoiceDate,Quantity,Description,StockCode,InvoiceNo';
    const { documents } = await readContents(
      `${header}\r\nFrance,1.0,2.55,12/1/2010 8:26,6,HEART,85123A,536365\r\n`,
    );
    expect(documents).toMatchObject([
      {
        invoice: '536365',
        country: 'France',
        customerId: '1',
        time: new Date('2010-12-01T08:26:00Z'),
        lines: [{ stockCode: '85123A', description: 'HEART', quantity: 6, unitPrice: '2.55' }],
      },
    ]);
  });

  test('a header and no row is no error', async () =>
    expect(await readContents(`${HEADER}\n`)).toEqual({ documents: [], rejections: [], error: undefined }));

  test('a last row without a line end is read', async () =>
    expect((await readContents(fileOf(row()).trimEnd())).documents).toHaveLength(1));

  test('a plain file that is cut within a row rejects that row', async () => {
    const outcome = await readContents(fileOf(row({ invoice: '1' }), row({ invoice: '2' })).slice(0, -30));
    expect(outcome.documents).toMatchObject([{ invoice: '1' }]);
    expect(outcome.rejections).toMatchObject([{ line: 3, reason: 'MALFORMED_ROW' }]);
  });
});

describe('a bad file is a clear error', () => {
  async function errorOf(...contents: readonly (string | Uint8Array)[]): Promise<LivefoldError> {
    const { error } = await readContents(...contents);
    if (!(error instanceof LivefoldError)) throw new Error('No error of ours.', { cause: error });
    return error;
  }

  test.each([
    ['nothing', ''],
    ['a blank line', '\n\r\n'],
    ['gzip of nothing', gzipSync('')],
  ])('%s: RETAIL_FILE_EMPTY', async (_, content) =>
    expect(await errorOf(content)).toMatchObject({ code: 'RETAIL_FILE_EMPTY' }),
  );

  test('a missing column is named', async () => {
    const error = await errorOf(
      'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,Price,CustomerID,Country\n',
    );
    expect(error).toMatchObject({ code: 'RETAIL_COLUMNS_WRONG', fields: { missing: ['UnitPrice'] } });
    expect(error.message).toContain('lacks UnitPrice');
  });

  test.each([
    ['a column too many', `${HEADER},Extra\n`],
    ['a column twice', `${HEADER},Country\n`],
    ['no header', `${row()}\n`],
    ['another case', `${HEADER.toLowerCase()}\n`],
    ['another kind of file', Buffer.from([0x50, 0x4b, 0x03, 0x04, 0x22, 0xff, 0x00, 0x0a])],
    ['UTF-16', Buffer.from(`\uFEFF${fileOf(row())}`, 'utf16le')],
    ['one endless line', 'x'.repeat(500_000)],
  ])('%s: RETAIL_COLUMNS_WRONG', async (_, content) => {
    const error = await errorOf(content);
    expect(error).toMatchObject({ code: 'RETAIL_COLUMNS_WRONG' });
    expect(JSON.stringify(error.fields).length).toBeLessThan(2_000);
  });

  test('a name that leads nowhere stops before the first row of the others', async () => {
    await using folder = await Folder.create();
    const good = await folder.write('good.csv', fileOf(...otherInvoices(3_000)));
    const missing = join(folder.path, 'missing.csv');
    const outcome = await outcomeOf(readRetail([good, missing]));
    expect(outcome).toMatchObject({
      documents: [],
      error: { code: 'RETAIL_FILE_NOT_FOUND', fields: { file: missing } },
    });
  });

  test('a folder: RETAIL_FILE_UNREADABLE, before the first row of the others', async () => {
    await using folder = await Folder.create();
    const good = await folder.write('good.csv', fileOf(...otherInvoices(3_000)));
    const path = join(folder.path, 'folder.csv');
    await mkdir(path);
    const outcome = await outcomeOf(readRetail([good, path]));
    expect(outcome).toMatchObject({
      documents: [],
      error: { code: 'RETAIL_FILE_UNREADABLE', fields: { file: path } },
    });
  });

  test('a file named twice: RETAIL_FILE_REPEATED, for its rows would double its orders', async () => {
    await using folder = await Folder.create();
    const file = await folder.write('good.csv', fileOf(row()));
    const outcome = await outcomeOf(readRetail([file, join(folder.path, '.', 'good.csv')]));
    expect(outcome).toMatchObject({ documents: [], error: { code: 'RETAIL_FILE_REPEATED' } });
  });
});

describe('reading that has to stop', () => {
  // Descriptions that do not pack away, so that half of the packed bytes are about half of the rows.
  const rows = otherInvoices(6_000).map((line, index) => line.replace('WHITE', String(Math.sin(index))));

  test('a cut gzip gives the documents before the cut, then the error; half a document is held back', async () => {
    const packed = gzipSync(fileOf(...rows));
    const outcome = await readContents(packed.subarray(0, packed.length / 2));
    expect(outcome.error).toMatchObject({
      code: 'RETAIL_FILE_DAMAGED',
      fields: { heldBackInvoices: 1_002, heldBackRows: 1_002 },
    });
    const { line } = (outcome.error as LivefoldError).fields;
    // Line 1 is the header, and the line that was cut is neither taken nor rejected.
    expect(rowsIn(outcome) + 1_002).toBe(Number(line) - 2);
    expect(outcome.rejections).toEqual([]);
    expect(outcome.documents.length).toBeGreaterThan(1_000);
    expect(outcome.documents.map(({ invoice }) => invoice)).toEqual(
      outcome.documents.map((_, index) => String(700_000 + index)),
    );
  });

  test('a wrong file after a good one holds back what might have gone on, and counts it', async () => {
    const outcome = await readContents(fileOf(...rows), 'wrong\n');
    expect(outcome.error).toMatchObject({
      code: 'RETAIL_COLUMNS_WRONG',
      fields: { file: expect.stringMatching(/1\.csv$/), missing: expect.any(Array), heldBackRows: 1_002 },
    });
    expect(rowsIn(outcome)).toBe(4_998);
  });

  test('a stop is heard between two items, and no document is closed by it', async () => {
    await using folder = await Folder.create();
    const file = await folder.write('good.csv', fileOf(...rows));
    const stop = new AbortController();
    let items = 0;
    const reading = (async () => {
      for await (const _ of readRetail([file], { signal: stop.signal })) {
        items += 1;
        if (items === 10) stop.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'ABORTED' });
    expect(items).toBe(10);
  });

  test.each([
    ['plain', fileOf(row())],
    ['gzip', gzipSync(fileOf(row()))],
  ])('a stop before the start reads nothing (%s)', async (_, content) => {
    await using folder = await Folder.create();
    const file = await folder.write('good.csv', content);
    const outcome = await outcomeOf(readRetail([file], { signal: AbortSignal.abort() }));
    expect(outcome).toMatchObject({ documents: [], error: { code: 'ABORTED' } });
  });
});

test.each(['plain', 'gzip'])(
  'progress rises from file to file up to the bytes on disk (%s)',
  async (form) => {
    await using folder = await Folder.create();
    const contents = [fileOf(...otherInvoices(4_000)), fileOf(...otherInvoices(4_000, 800_000))];
    const files: string[] = [];
    let size = 0;
    for (const [index, content] of contents.entries()) {
      const bytes = form === 'gzip' ? gzipSync(content) : Buffer.from(content);
      size += bytes.length;
      files.push(await folder.write(String(index), bytes));
    }
    const heard: number[] = [];
    const onProgress = (read: number, total: number) => {
      expect(total).toBe(size);
      heard.push(read);
    };
    await outcomeOf(readRetail(files, { onProgress }));
    expect(heard).toEqual([...heard].sort((a, b) => a - b));
    expect(heard.length).toBeGreaterThan(2);
    expect(heard.at(-1)).toBe(size);
  },
);
