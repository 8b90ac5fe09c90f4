import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readTrustedDocuments } from '../../src/main/trusted-documents-file.ts';
import { createTestFolder, type TestFolder } from '../support/test-folder.ts';

let folder: TestFolder;
beforeEach(async () => {
  folder = await createTestFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

async function write(name: string, text: string): Promise<string> {
  const path = join(folder.path, name);
  await writeFile(path, text);
  return path;
}

const invalid = (why: string) =>
  expect.objectContaining({ code: 'INVALID_DOCUMENTS', message: expect.stringContaining(why) });

test('a file of hashes, as Relay and graphql-codegen write it', async () => {
  const path = await write(
    'persisted-documents.json',
    JSON.stringify({ abc: 'query A { a }', def: '{ b }' }),
  );
  expect([...readTrustedDocuments(path)]).toEqual([
    ['abc', 'query A { a }'],
    ['def', '{ b }'],
  ]);
});

test('a manifest, as Apollo writes it', async () => {
  const operations = [{ id: 'abc', name: 'A', type: 'query', body: 'query A { a }' }];
  const path = await write(
    'manifest.json',
    JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations }),
  );
  expect([...readTrustedDocuments(path)]).toEqual([['abc', 'query A { a }']]);
});

test('a folder: its JSON files, and its documents by the SHA-256 of their text', async () => {
  const text = 'query A { a }\n';
  await write('a.graphql', text);
  await write('b.json', '{"abc":"{ b }"}');
  await write('README.md', 'no document');
  const documents = readTrustedDocuments(folder.path);
  expect(documents.get(createHash('sha256').update(text).digest('hex'))).toBe(text);
  expect(documents.get('abc')).toBe('{ b }');
  expect(documents.size).toBe(2);
});

test.each([
  ['a file that is not there', undefined, 'cannot be read'],
  ['no JSON', '{', 'neither'],
  ['JSON of another form', '{"abc":1}', 'neither'],
  ['a manifest of another form', '{"format":"another","operations":[]}', 'neither'],
  ['a document that is no GraphQL', '{"abc":"{ a"}', 'its document abc'],
  ['no document at all', '{}', 'no document'],
])('%s is refused before the server starts', async (_, text, why) => {
  const path = join(folder.path, 'documents.json');
  if (text !== undefined) await write('documents.json', text);
  expect(() => readTrustedDocuments(path)).toThrow(invalid(why));
});
