import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readServerSentEvents, type ServerSentEvent } from '../../src/kernel/server-sent-events.ts';

async function* inPieces(text: string, cuts: readonly number[]): AsyncGenerator<string> {
  const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).toSorted((a, b) => a - b), text.length];
  for (const [index, start] of places.slice(0, -1).entries()) yield text.slice(start, places[index + 1]);
}

const read = (text: string, cuts: readonly number[] = []): Promise<readonly ServerSentEvent[]> =>
  Array.fromAsync(readServerSentEvents(inPieces(text, cuts), 1_048_576));

test('wherever the text is cut and however its lines end, the same events come', async () => {
  const lines = [
    ':',
    '',
    'event: next',
    'id: 7',
    'data: {"a":1}',
    '',
    'data:one',
    'data: two',
    'x',
    '',
    ': ping',
    '',
  ];
  const expected = [
    { event: 'next', data: '{"a":1}' },
    { event: 'message', data: 'one\ntwo' },
  ];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('\n', '\r\n', '\r'), fc.array(fc.nat(200)), async (end, cuts) => {
      expect(await read(`${lines.join(end)}${end}data: not ended`, cuts)).toEqual(expected);
    }),
  );
});

test('an event without data is none', async () => {
  expect(await read('event: complete\n\ndata\n\n')).toEqual([{ event: 'message', data: '' }]);
});

test('an event that does not end is refused', async () => {
  await expect(read('data: x\n'.repeat(2 ** 20 + 1))).rejects.toThrow(RangeError);
});
