import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { gunzip } from '../../../src/app/retail/gunzip.ts';

const hello = gzipSync('hello\n');
const world = gzipSync('world\n');

async function* inSteps(packed: Buffer, step: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < packed.length; at += step) yield packed.subarray(at, at + step);
}

async function unpack(packed: Buffer, step = 7): Promise<{ readonly text: string; readonly error: unknown }> {
  let text = '';
  try {
    for await (const bytes of gunzip(inSteps(packed, step))) text += bytes.toString();
  } catch (error) {
    return { text, error };
  }
  return { text, error: undefined };
}

describe('whole', () => {
  test.each([1, 7, 9_999])('one member, two members, and nothing, in steps of %i', async (step) => {
    expect(await unpack(hello, step)).toEqual({ text: 'hello\n', error: undefined });
    expect(await unpack(Buffer.concat([hello, world]), step)).toEqual({
      text: 'hello\nworld\n',
      error: undefined,
    });
    expect(await unpack(gzipSync(''), step)).toEqual({ text: '', error: undefined });
  });

  test('content many chunks long comes whole', async () => {
    const content = 'a row of no great length\n'.repeat(200_000);
    expect((await unpack(gzipSync(content), 4_096)).text === content).toBe(true);
  });
});

describe('damaged', () => {
  test('what was unpacked before the cut is handed over, then the fault', async () =>
    expect(await unpack(hello.subarray(0, -5))).toEqual({
      text: 'hello\n',
      error: expect.objectContaining({ code: 'Z_BUF_ERROR' }),
    }));

  test('a slow reader gets as much as a fast one', async () => {
    const packed = gzipSync('a row of no great length\n'.repeat(100_000)).subarray(0, -9);
    let length = 0;
    const reading = (async () => {
      for await (const bytes of gunzip(inSteps(packed, 65_536))) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        length += bytes.length;
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'Z_BUF_ERROR' });
    expect(length).toBe((await unpack(packed, 65_536)).text.length);
    expect(length).toBeGreaterThan(2_400_000);
  });

  test('a wrong checksum is told', async () => {
    const wrong = Buffer.from(hello);
    wrong.writeUInt32LE(wrong.readUInt32LE(wrong.length - 8) ^ 1, wrong.length - 8);
    expect(await unpack(wrong)).toMatchObject({ error: { code: 'Z_DATA_ERROR' } });
  });

  test.each(['rows in plain', '\0\0\0'])('bytes after the end (%j) are told, not passed over', async (rest) =>
    expect(await unpack(Buffer.concat([hello, Buffer.from(rest)]))).toEqual({
      text: 'hello\n',
      error: expect.objectContaining({ code: 'Z_DATA_ERROR' }),
    }),
  );
});

test('a reader that leaves early ends the source too', async () => {
  let isEnded = false;
  async function* source() {
    try {
      yield* inSteps(gzipSync('a row of no great length\n'.repeat(100_000)), 100);
    } finally {
      isEnded = true;
    }
  }
  for await (const _ of gunzip(source())) break;
  expect(isEnded).toBe(true);
});

test('an error of the source is passed on as it is', async () => {
  const failure = new Error('disk gone');
  async function* source() {
    yield hello.subarray(0, 5);
    throw failure;
  }
  await expect(gunzip(source()).next()).rejects.toBe(failure);
});
