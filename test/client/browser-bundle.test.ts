import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** What a bundler makes of one door for a browser, without the packages that its user has anyway. */
async function bundle(door: string): Promise<string> {
  const built = await build({
    root,
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      lib: { entry: join(root, `src/${door}.ts`), formats: ['es'] },
      rolldownOptions: { external: ['graphql', '@urql/core', '@apollo/client'] },
    },
  });
  const [output] = Array.isArray(built) ? built : [built];
  if (output === undefined || !('output' in output)) throw new Error('The build gave nothing.');
  return output.output.map((part) => (part.type === 'chunk' ? part.code : '')).join('');
}

test.each([
  ['client', ['graphql']],
  ['urql', ['@urql/core', 'graphql']],
  ['apollo', ['@apollo/client', 'graphql']],
])('livefold/%s runs in browsers, needs only %j, and weighs little', async (door, packages) => {
  const code = await bundle(door);
  const imports = [...code.matchAll(/from\s*["']([^"']+)["']/g)].map(([, name]) => name);
  expect([...new Set(imports)].sort()).toEqual(packages);
  expect(code).not.toMatch(/node:|__vite-browser-external|\bBuffer\b|\bprocess\b/);
  // 5 KB is what the guide promises.
  expect(gzipSync(code).length).toBeLessThan(5_000);
});
