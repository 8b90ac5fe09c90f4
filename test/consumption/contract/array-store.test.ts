import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const example = join(root, 'examples/array-store');

test("the guide's store passes the contract under node:test, as a stranger's does", async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      '--conditions',
      'livefold-source',
      '--test',
      '--test-reporter',
      'tap',
      join(example, 'array-store.test.ts'),
    ],
    // Under vitest's own variable, node:test would report to it.
    { cwd: root, env: { ...process.env, NODE_TEST_CONTEXT: undefined } },
  );
  const count = (what: string): number => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(stdout)?.[1]);
  expect(count('pass')).toBeGreaterThan(50);
  expect(count('fail')).toBe(0);
});

test.each(['array-store.ts', 'array-store.test.ts'])('the guide shows %s as it is', async (file) => {
  const guide = await readFile(join(root, 'docs/guides/writing-a-store.md'), 'utf8');
  expect(guide).toContain(`\`\`\`ts\n${await readFile(join(example, file), 'utf8')}\`\`\``);
});
