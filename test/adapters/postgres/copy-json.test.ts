import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyJson } from '../../../src/adapters/postgres/copy-json.ts';

test('a copy is what JSON gives back', () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue(),
      fc.constant(-0),
      fc.array(tie('value')),
      fc.dictionary(fc.string(), fc.option(tie('value'), { nil: undefined })),
    ),
  }));
  fc.assert(
    fc.property(value, (data) => {
      expect(copyJson(data)).toStrictEqual(JSON.parse(JSON.stringify(data)));
    }),
    { numRuns: 1_000 },
  );
  const own = JSON.parse('{"__proto__":{"a":1},"b":2}');
  expect(Object.keys(copyJson(own))).toEqual(['__proto__', 'b']);
});

test('a copy shares nothing with what was given', () => {
  const given = { list: [{ n: 1 }], bytes: new Uint8Array([1]) };
  const copied = copyJson(given);
  given.list[0] = { n: 2 };
  given.list.push({ n: 3 });
  given.bytes[0] = 2;
  expect(copied).toEqual({ list: [{ n: 1 }], bytes: new Uint8Array([1]) });
});
