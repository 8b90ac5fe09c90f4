import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

let documented: ReadonlySet<string>;
let source: string;
beforeAll(async () => {
  const text = await readFile(join(root, 'docs/errors.md'), 'utf8');
  documented = new Set([...text.matchAll(/`([A-Z]+(?:_[A-Z]+)*)`/g)].map(([, code = '']) => code));
  const files = await readdir(join(root, 'src'), { recursive: true });
  const sources = files.filter((name) => name.endsWith('.ts'));
  source = (await Promise.all(sources.map((name) => readFile(join(root, 'src', name), 'utf8')))).join('\n');
});

test('every code that is thrown is documented', () => {
  const thrown = [
    ...source.matchAll(/LivefoldError\(\s*'([A-Z_]+)'/g),
    ...source.matchAll(/\bcode: '([A-Z_]+)'/g),
  ].map(([, code = '']) => code);
  expect(new Set(thrown).size).toBeGreaterThan(60);
  // What Node's own zlib and postgres.js call their errors.
  const foreign = ['Z_DATA_ERROR', 'CONNECTION_CLOSED'];
  expect([...new Set(thrown)].filter((code) => !documented.has(code) && !foreign.includes(code))).toEqual([]);
});

test('every code that is documented exists', () => {
  expect(documented.size).toBeGreaterThan(60);
  expect([...documented].filter((code) => !source.includes(`'${code}'`) && code !== 'LIVEFOLD_KEYS')).toEqual(
    [],
  );
});
