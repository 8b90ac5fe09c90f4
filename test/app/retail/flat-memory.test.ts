import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { InvoiceWindow } from '../../../src/app/retail/invoice-window.ts';
import type { RetailRow } from '../../../src/app/retail/judge-row.ts';
import { readRetail } from '../../../src/app/retail/read-retail.ts';
import { Folder, HEADER, row } from './retail-files.ts';

const MEGABYTE = 1_000_000;
// As long as the whole year: 12 times December.
const ROWS = 510_000;
const ROWS_PER_INVOICE = 20;

function* yearOfRows(): Generator<string> {
  yield `${HEADER}\n`;
  for (let index = 0; index < ROWS; index += 1) {
    const invoice = String(536_365 + Math.floor(index / ROWS_PER_INVOICE));
    yield `${row({ invoice, description: `ONE OF ${index % 4_000} THINGS WITH A NAME OF USUAL LENGTH` })}\n`;
  }
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function heldMegabytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MEGABYTE;
}

test('a file as long as a year is read in the memory of a month, even by a reader that keeps some cells', async () => {
  await using folder = await Folder.create();
  const file = join(folder.path, 'year.csv');
  await pipeline(Readable.from(yearOfRows()), createWriteStream(file));
  const names = new Set<string>();
  const held: number[] = [];
  let documents = 0;
  for await (const item of readRetail([file])) {
    if (item.kind === 'rejected') throw new Error(item.raw);
    documents += 1;
    // One cell per document: were it a slice of its chunk, it would keep the chunk, and all of them the whole file.
    names.add(item.lines[0]?.description ?? '');
    if (documents % 5_000 === 0) held.push(heldMegabytes());
  }
  expect(documents).toBe(ROWS / ROWS_PER_INVOICE);
  // The file has 50 MB, of which 40 come between the first measure and the last. What grows is the set of invoice numbers,
  // which doubles its room now and then: 4 to 5.5 MB at this size. A reader that keeps its chunks would hold 40.
  expect(Math.max(...held) - (held[0] ?? 0)).toBeLessThan(10);
});

test('the window holds no more invoices than its rows, even behind one that goes on and on', () => {
  const window = new InvoiceWindow();
  let closed = 0;
  let mostOpen = 0;
  for (let index = 0; index < 100_000; index += 1) {
    closed += window.advance().length;
    const invoice = index % 500 === 0 ? 'C1' : String(index);
    expect(window.add({ ...sample, invoice }, index + 2)).toBeNull();
    mostOpen = Math.max(mostOpen, window.openInvoices);
  }
  expect(mostOpen).toBeLessThanOrEqual(1_002);
  expect(closed + window.openInvoices).toBe(100_000 - 199);
});

const sample: RetailRow = {
  kind: 'sale',
  invoice: '1',
  stockCode: '85123A',
  description: '',
  quantity: 1,
  time: 0,
  unitPrice: '1',
  customerId: null,
  country: 'France',
};
