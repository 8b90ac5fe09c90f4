import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

test('the guide to process managers shows code that runs, and a picture with every step of fulfilment', async () => {
  const guide = await read('docs/guides/process-managers.md');
  const files = ['src/app/fulfilment/fulfilment.ts', 'test/consumption/processes/porter.ts'];
  const source = (await Promise.all(files.map(read))).join('\n');
  const shown = [...guide.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);
  expect(shown).toHaveLength(2);
  for (const code of shown) expect(source).toContain(code);
  const [, picture = ''] = /```mermaid\n(.*?)```/s.exec(guide) ?? [];
  const [, steps = ''] = /readonly step: (.*);/.exec(source) ?? [];
  const drawn = [...picture.matchAll(/--> (\w+):/g)].map(([, step = '']) => step);
  expect([...new Set(drawn)].sort()).toEqual([...steps.matchAll(/'(\w+)'/g)].map(([, step]) => step).sort());
});
