import { createCipheriv, createDecipheriv } from 'node:crypto';
import { crc32, deflateRawSync, inflateRawSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readSealed, seal, unseal } from '../../../src/persistence/mapper/sealed-bytes.ts';
import { createWrappedKey, unwrapKey } from '../../../src/persistence/mapper/sealing-key.ts';
import { masterKeys } from './stored-keys.ts';

const key = unwrapKey(createWrappedKey(null, masterKeys[0]), masterKeys);
const content = Buffer.from(JSON.stringify({ text: 'ä'.repeat(200), other: 'some text' }));
const belongsTo = 'here';

function open(bytes: Uint8Array, place: string = belongsTo): Uint8Array {
  return unseal(readSealed(bytes), { key, belongsTo: place });
}

const forms = {
  checked: seal(content, { belongsTo }),
  deflated: seal(content, { compression: 'deflate', belongsTo }),
  zstd: seal(content, { compression: 'zstd', belongsTo }),
  encrypted: seal(content, { key, belongsTo }),
  'deflated and encrypted': seal(content, { key, compression: 'deflate', belongsTo }),
};

describe.each(Object.entries(forms))('%s bytes', (_, bytes) => {
  test('open to their content', () => {
    expect(Buffer.from(open(bytes))).toEqual(content);
  });

  test('do not open with any bit flipped', () => {
    for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
      const flipped = Uint8Array.from(bytes, (byte, index) =>
        index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte,
      );
      expect(() => open(flipped), `bit ${bit}`).toThrow(
        expect.objectContaining({ code: 'SEALED_DATA_DAMAGED' }),
      );
    }
  });

  test('do not open when cut off anywhere, or with more behind them', () => {
    for (let length = 0; length < bytes.length; length += 1)
      expect(() => open(bytes.subarray(0, length)), `${length} bytes`).toThrow(
        expect.objectContaining({ code: 'SEALED_DATA_DAMAGED' }),
      );
    expect(() => open(Buffer.concat([bytes, Buffer.from([0])]))).toThrow(
      expect.objectContaining({ code: 'SEALED_DATA_DAMAGED' }),
    );
  });

  test('do not open in another place', () => {
    expect(() => open(bytes, 'there')).toThrow(expect.objectContaining({ code: 'SEALED_DATA_DAMAGED' }));
  });
});

test('encrypted bytes do not open with another key', () => {
  const other = unwrapKey(createWrappedKey(null, masterKeys[0]), masterKeys);
  expect(() => unseal(readSealed(forms.encrypted), { key: other, belongsTo })).toThrow(
    expect.objectContaining({ code: 'SEALED_DATA_DAMAGED' }),
  );
});

test('the same content is never the same bytes twice when it is encrypted', () => {
  const some = Array.from({ length: 1_000 }, () =>
    Buffer.from(seal(content, { key, belongsTo })).toString('base64'),
  );
  expect(new Set(some).size).toBe(1_000);
});

test('content of any length comes back compressed', () => {
  for (const length of [100, 4_095, 4_096, 4_097, 70_000]) {
    const some = Buffer.from(Array.from({ length }, (_, n) => `${(n * n) % 97} `).join('')).subarray(
      0,
      length,
    );
    for (const compression of ['deflate', 'zstd'] as const) {
      const sealed = seal(some, { compression, belongsTo });
      expect(sealed.length).toBeLessThan(length);
      expect(Buffer.from(open(sealed)).equals(some)).toBe(true);
    }
  }
});

test('what compression would not make smaller is not compressed', () => {
  const short = Buffer.from('{"a":1}');
  const sealed = seal(short, { compression: 'deflate', belongsTo });
  expect(sealed[1]).toBe(0);
  expect(Buffer.from(open(sealed))).toEqual(short);
});

test.each([
  ['deflate', deflateRawSync, 1],
  ['zstd', zstdCompressSync, 2],
] as const)('%s bytes that expand beyond 16 MiB are refused', (_, compress, flags) => {
  const bomb = compress(Buffer.alloc(16 * 1024 * 1024 + 1));
  const header = Buffer.from([1, flags]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bomb, crc32(Buffer.concat([header, Buffer.from(belongsTo)]))));
  expect(() => open(Buffer.concat([header, sum, bomb]))).toThrow(
    expect.objectContaining({ code: 'SEALED_DATA_DAMAGED' }),
  );
});

describe('the form is the one that is documented:', () => {
  test('not encrypted, a checksum before the content', () => {
    const bytes = Buffer.from(forms.deflated);
    expect([...bytes.subarray(0, 2)]).toEqual([1, 1]);
    const rest = bytes.subarray(6);
    expect(bytes.readUInt32BE(2)).toBe(
      crc32(Buffer.concat([Buffer.from([1, 1]), Buffer.from('here'), rest])),
    );
    expect(inflateRawSync(rest)).toEqual(content);
  });

  test('encrypted, with key id, nonce, ciphertext and tag', () => {
    const bytes = Buffer.from(forms['deflated and encrypted']);
    expect([...bytes.subarray(0, 2)]).toEqual([1, 5]);
    expect(bytes.subarray(2, 18).toString('hex')).toBe(key.id.replaceAll('-', ''));
    const decipher = createDecipheriv('aes-256-gcm', key.secret, bytes.subarray(18, 30));
    decipher.setAAD(Buffer.concat([bytes.subarray(0, 18), Buffer.from('here')]));
    decipher.setAuthTag(bytes.subarray(-16));
    const compressed = Buffer.concat([decipher.update(bytes.subarray(30, -16)), decipher.final()]);
    expect(inflateRawSync(compressed)).toEqual(content);
  });

  test('so that what another program wrote by it opens', () => {
    const header = Buffer.concat([Buffer.from([1, 4]), key.idBytes]);
    const nonce = Buffer.alloc(12, 7);
    const cipher = createCipheriv('aes-256-gcm', key.secret, nonce);
    cipher.setAAD(Buffer.concat([header, Buffer.from('here')]));
    const encrypted = Buffer.concat([cipher.update(content), cipher.final()]);
    expect(Buffer.from(open(Buffer.concat([header, nonce, encrypted, cipher.getAuthTag()])))).toEqual(
      content,
    );
  });
});
