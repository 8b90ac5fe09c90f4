import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CsvTokenizer } from '../../../src/app/retail/csv-tokenizer.ts';
import { RejectsFile } from '../../../src/app/retail/rejects-file.ts';
import type { RetailRejection } from '../../../src/app/retail/retail-item.ts';
import { Folder } from './retail-files.ts';

function rejection(raw: string, line = 7): RetailRejection {
  return { kind: 'rejected', file: 'orders, 2010.csv', line, reason: 'MALFORMED_ROW', raw };
}

function cellsIn(content: Buffer): readonly (readonly string[])[] {
  const tokenizer = new CsvTokenizer();
  return [...tokenizer.push(content), ...tokenizer.end()].map((record) =>
    'cells' in record ? record.cells : [],
  );
}

test('a file without rejections has its header', async () => {
  await using folder = await Folder.create();
  const path = join(folder.path, 'rejects.csv');
  await (await RejectsFile.create(path)).close();
  expect(await readFile(path, 'utf8')).toBe('file,line,reason,row\n');
});

test('the rejected row is one cell, whatever is in it', async () => {
  await using folder = await Folder.create();
  const path = join(folder.path, 'rejects.csv');
  const anyRow = fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a', '\u00e9', '\u20ac') });
  await fc.assert(
    fc.asyncProperty(fc.array(anyRow), async (rows) => {
      const rejects = await RejectsFile.create(path);
      for (const raw of rows) await rejects.write(rejection(raw));
      await rejects.close();
      const expected = rows.map((raw) => ['orders, 2010.csv', '7', 'MALFORMED_ROW', raw]);
      expect(cellsIn(await readFile(path))).toEqual([['file', 'line', 'reason', 'row'], ...expected]);
    }),
    { numRuns: 30 },
  );
});

test('many rejections are written in order, while they come', async () => {
  await using folder = await Folder.create();
  const path = join(folder.path, 'rejects.csv');
  const rejects = await RejectsFile.create(path);
  for (let line = 1; line <= 5_000; line += 1) await rejects.write(rejection('a,b', line));
  expect((await readFile(path)).length).toBeGreaterThan(100_000);
  await rejects.close();
  const lines = cellsIn(await readFile(path))
    .slice(1)
    .map(([, line]) => Number(line));
  expect(lines).toEqual(Array.from({ length: 5_000 }, (_, index) => index + 1));
});

test('what was rejected before an error is in the file', async () => {
  await using folder = await Folder.create();
  const path = join(folder.path, 'rejects.csv');
  const failing = async () => {
    await using rejects = await RejectsFile.create(path);
    await rejects.write(rejection('a,b'));
    throw new Error('the import failed');
  };
  await expect(failing()).rejects.toThrow('the import failed');
  expect(cellsIn(await readFile(path))).toHaveLength(2);
});

test('closing twice is closing once', async () => {
  await using folder = await Folder.create();
  await using rejects = await RejectsFile.create(join(folder.path, 'rejects.csv'));
  await rejects.close();
});

test('a place that cannot be written is a clear error', async () => {
  await using folder = await Folder.create();
  const path = join(folder.path, 'nowhere', 'rejects.csv');
  await expect(RejectsFile.create(path)).rejects.toMatchObject({
    code: 'RETAIL_REJECTS_NOT_WRITABLE',
    fields: { path },
  });
});

test.skipIf(process.platform !== 'linux')('a full disk is a clear error', async () => {
  const rejects = await RejectsFile.create('/dev/full');
  await rejects.write(rejection('a,b'));
  await expect(rejects.close()).rejects.toMatchObject({ code: 'RETAIL_REJECTS_NOT_WRITABLE' });
});
