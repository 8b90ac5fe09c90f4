import { expect, test } from 'vitest';
import { findWords } from './plaintext.ts';

const word = 'Zÿx "Quillfeather"';
const find = (text: string): readonly string[] => findWords({ name: word }, Buffer.from(text));

test('a word is found in every form', () => {
  expect(find(`a ${word} b`)).toContain('name (plain)');
  expect(find(JSON.stringify({ name: word }))).toContain('name (JSON)');
  expect(find('Z\\u00ffx "Quillfeather"')).toContain('name (escaped JSON)');
  const bytes = Buffer.from(word);
  expect(find(`\\x00${bytes.toString('hex')}00`)).toContain('name (hex)');
  for (const before of ['', '1', '12', '123', '1234']) {
    const content = `${before}${word}behind`;
    expect(find(Buffer.from(content).toString('base64'))).toContain(`name (base64 at ${before.length % 3})`);
    expect(find(Buffer.from(content).toString('base64url'))).toContain(
      `name (base64url at ${before.length % 3})`,
    );
  }
});

test('what is not there is not found', () => expect(find('Zyx Quillfeather')).toEqual([]));
