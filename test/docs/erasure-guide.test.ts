import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

test('the guide to erasure shows the code of the shop as it is', async () => {
  const guide = await read('docs/guides/erasure.md');
  const files = ['src/app/users/user-events.ts', 'src/app/users/users-projection.ts'];
  const source = (await Promise.all(files.map(read))).join('\n');
  const shown = [...guide.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);
  expect(shown).toHaveLength(3);
  for (const code of shown) expect(source).toContain(code);
});
