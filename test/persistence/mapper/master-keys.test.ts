import { describe, expect, test } from 'vitest';
import { createMasterKey, parseMasterKeys } from '../../../src/persistence/mapper/master-keys.ts';

test('a new master key is read again, alone or with others, the first one the current', () => {
  const keys = parseMasterKeys(`${createMasterKey('b.2')}, ${createMasterKey('a_1')}\n`);
  expect(keys.map(({ id }) => id)).toEqual(['b.2', 'a_1']);
  expect(keys[0].secret.symmetricKeySize).toBe(32);
  expect(parseMasterKeys(createMasterKey())).toHaveLength(1);
  expect(createMasterKey('a')).not.toBe(createMasterKey('a'));
});

describe('refuses, without showing a key,', () => {
  const secret = createMasterKey('x').slice(2);
  test.each([
    ['nothing', ''],
    ['no id', `:${secret}`],
    ['an id with spaces', `a b:${secret}`],
    ['an id that is too long', `${'a'.repeat(65)}:${secret}`],
    ['no bytes', 'a'],
    ['too few bytes', `a:${secret.slice(4)}`],
    ['a character that is not base64', `a:!${secret}`],
    ['padding left out', `a:${secret.replace('=', '')}`],
    ['more behind it', `a:${secret}:b`],
    ['a comma at the end', `a:${secret},`],
    ['one id twice', `a:${secret},a:${secret}`],
  ])('%s', (_, text) => {
    const error = (() => {
      try {
        return parseMasterKeys(text);
      } catch (thrown) {
        return thrown as Error;
      }
    })();
    expect(error).toMatchObject({ code: 'INVALID_MASTER_KEY' });
    expect(String(error)).not.toContain(secret.slice(4, 30));
  });

  test('an id of a new one that could not be read', () => {
    expect(() => createMasterKey('a:b')).toThrow(expect.objectContaining({ code: 'INVALID_MASTER_KEY' }));
  });
});
