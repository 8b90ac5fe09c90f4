import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CsvRecord, CsvTokenizer, MAX_RECORD_BYTES } from '../../../src/app/retail/csv-tokenizer.ts';

function tokenize(...chunks: readonly (string | Uint8Array)[]): readonly CsvRecord[] {
  const tokenizer = new CsvTokenizer();
  return [...chunks.flatMap((chunk) => tokenizer.push(Buffer.from(chunk))), ...tokenizer.end()];
}

/** Cut at these places, taken round the content's length. */
function cut(content: Buffer, places: readonly number[]): readonly Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (content.length + 1)))].sort((a, b) => a - b);
  return [0, ...sorted].map((start, index) => content.subarray(start, sorted[index] ?? content.length));
}

const cellsOf = (records: readonly CsvRecord[]) =>
  records.map((record) => ('cells' in record ? record.cells : record.fault));

describe('RFC 4180', () => {
  test('a row is cut at its commas, empty cells included', () =>
    expect(cellsOf(tokenize('a,b,c\n,,\n'))).toEqual([
      ['a', 'b', 'c'],
      ['', '', ''],
    ]));

  test('quotes hold commas, doubled quotes, line ends and nothing', () =>
    expect(cellsOf(tokenize('"a,b","6"" RULER","one\r\ntwo",""\nx,"y"\n'))).toEqual([
      ['a,b', '6" RULER', 'one\r\ntwo', ''],
      ['x', 'y'],
    ]));

  test('an empty first cell before a quoted one is read', () =>
    expect(cellsOf(tokenize(',"a"\n'))).toEqual([['', 'a']]));

  test('a cell of one quote character is read', () =>
    expect(cellsOf(tokenize('"""",a\n'))).toEqual([['"', 'a']]));

  test('lines end with LF or CRLF, the last one with or without', () =>
    expect(cellsOf(tokenize('a,b\r\nc,"d"\r\ne,f'))).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'f'],
    ]));

  test('a byte order mark is no part of the first cell, even one cut in two', () => {
    expect(cellsOf(tokenize('\uFEFFa,b\n'))).toEqual([['a', 'b']]);
    const bytes = Buffer.from('\uFEFF"a",b\n');
    expect(cellsOf(tokenize(bytes.subarray(0, 1), bytes.subarray(1)))).toEqual([['a', 'b']]);
  });

  test('nothing at all, and two bytes, are read to their end', () => {
    expect(tokenize()).toEqual([]);
    expect(cellsOf(tokenize('ab'))).toEqual([['ab']]);
  });

  test('blank lines are no rows, but count as lines', () =>
    expect(tokenize('\na\n\r\n\nb\n\n').map(({ line, raw }) => [line, raw])).toEqual([
      [2, 'a'],
      [5, 'b'],
    ]));

  test('a row has the line where it begins, however many lines the rows before it take', () =>
    expect(tokenize('a\n"1\n2\n3",x\nb\n').map(({ line, raw }) => [line, raw])).toEqual([
      [1, 'a'],
      [2, '"1\n2\n3",x'],
      [5, 'b'],
    ]));
});

describe('damaged rows', () => {
  test.each([
    ['a quote within a bare cell', '6" RULER,x'],
    ['two quotes within a bare cell', 'the "red" one,x'],
    ['text after a closing quote', '"a"b,x'],
    ['a quote that never closes', 'a,"b'],
  ])('%s is a fault of its own line alone', (_, broken) =>
    expect(tokenize(`${broken}\nc,d\n"e",f\n`)).toEqual([
      { line: 1, raw: broken, fault: 'MALFORMED_ROW' },
      { line: 2, raw: 'c,d', cells: ['c', 'd'] },
      { line: 3, raw: '"e",f', cells: ['e', 'f'] },
    ]),
  );

  test('a quote left open in a long file takes no row with it', () => {
    const rows = Array.from({ length: 2_000 }, (_, index) => `row ${index},x`);
    const records = tokenize(['a,"b', ...rows].join('\n'));
    expect(records[0]).toEqual({ line: 1, raw: 'a,"b', fault: 'MALFORMED_ROW' });
    expect(records.slice(1).map(({ raw }) => raw)).toEqual(rows);
  });

  test('two rows that each leave a quote open are two faults, the rows between are read', () =>
    expect(cellsOf(tokenize('1,"a,x\n2,b,x\n3,"c,x\n4,d,x\n'))).toEqual([
      'MALFORMED_ROW',
      ['2', 'b', 'x'],
      'MALFORMED_ROW',
      ['4', 'd', 'x'],
    ]));

  test('a line beyond the longest record is one fault with its beginning, and the next row is read', () => {
    const long = 'x'.repeat(3 * MAX_RECORD_BYTES);
    const beginning = long.slice(0, MAX_RECORD_BYTES);
    const expected = [
      { line: 1, raw: beginning, fault: 'MALFORMED_ROW' },
      { line: 2, raw: 'a,b', cells: ['a', 'b'] },
    ];
    expect(tokenize(`${long}\na,b\n`)).toEqual(expected);
    expect(tokenize(...cut(Buffer.from(`${long}\na,b\n`), [5, 20_000, 40_000]))).toEqual(expected);
  });

  test('a record of exactly the longest length is read', () => {
    const longest = 'x'.repeat(MAX_RECORD_BYTES);
    expect(cellsOf(tokenize(`${longest}\na\n`))).toEqual([[longest], ['a']]);
  });

  test('bytes that are not UTF-8 are a fault of their row alone, shown as Latin-1', () => {
    const content = Buffer.concat([
      Buffer.from('caf\u00e9,1\n'),
      Buffer.from('\u00a35 NOTE,2\r\n', 'latin1'),
      Buffer.from('\u20ac,3\n'),
    ]);
    expect(tokenize(content)).toEqual([
      { line: 1, raw: 'caf\u00e9,1', cells: ['caf\u00e9', '1'] },
      { line: 2, raw: '\u00a35 NOTE,2', fault: 'NOT_UTF8' },
      { line: 3, raw: '\u20ac,3', cells: ['\u20ac', '3'] },
    ]);
  });

  test('an open quote that pairs with one in a row that is not UTF-8 takes no row with it', () => {
    const content = Buffer.from('1,"a,x\n2,b,x\n3,"\u00a3",x\n4,"c,x\n', 'latin1');
    expect(cellsOf(tokenize(content))).toEqual([
      'MALFORMED_ROW',
      ['2', 'b', 'x'],
      'NOT_UTF8',
      'MALFORMED_ROW',
    ]);
  });
});

describe('whatever the chunks', () => {
  const anyCell = fc.oneof(
    fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a', ' ', '\u00e9', '\u20ac', '\u{1F600}') }),
    fc.string({ unit: 'grapheme' }),
  );
  const anyRows = fc.array(fc.array(anyCell, { minLength: 2, maxLength: 8 }), { maxLength: 20 });
  const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
  const encode = (cell: string, always: boolean) => (always || /[",\r\n]/.test(cell) ? quoted(cell) : cell);

  test('rows that are encoded are decoded the same', () =>
    fc.assert(
      fc.property(
        anyRows,
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.array(fc.nat()),
        (rows, lineEnd, always, places) => {
          // Without quotes a leading mark would be the file's own, which is none of its text.
          const isMarked = rows[0]?.[0]?.startsWith('\uFEFF') === true;
          const lines = rows.map((cells) => cells.map((cell) => encode(cell, always || isMarked)).join(','));
          const content = Buffer.from(lines.map((line) => line + lineEnd).join(''));
          expect(cellsOf(tokenize(...cut(content, places)))).toEqual(rows);
        },
      ),
    ));

  test('any bytes give the same records in one chunk and in many', () => {
    const anyBytes = fc.array(fc.constantFrom(...Buffer.from('",\n\raé£'), 0xa3, 0xff), { maxLength: 200 });
    fc.assert(
      fc.property(anyBytes, fc.array(fc.nat()), (bytes, places) => {
        const content = Buffer.from(bytes);
        expect(tokenize(...cut(content, places))).toEqual(tokenize(content));
      }),
    );
  });

  test('any bytes: each line that is not blank is in exactly one record', () => {
    const anyText = fc.string({ unit: fc.constantFrom('"', ',', '\n', 'a', 'b') });
    fc.assert(
      fc.property(anyText, (text) => {
        const given = text.split('\n').filter((line) => line !== '');
        const read = tokenize(text).flatMap(({ raw }) => raw.split('\n').filter((line) => line !== ''));
        expect(read).toEqual(given);
      }),
    );
  });
});
