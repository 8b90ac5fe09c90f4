import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runLivefold } from './run-livefold.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'livefold-backend-'));
});
afterAll(() => rm(folder, { recursive: true }));

const commands: readonly (readonly string[])[] = [
  ['start'],
  ['check'],
  ['verify'],
  ['export', 'file'],
  ['import', 'log', 'file'],
  ['keys', 'rotate'],
  ['snapshots', 'delete'],
];

test.each(commands)('`livefold %s %s` works on the backend that is named', async (...command) => {
  const { code, output } = await runLivefold(['--backend', 'missing.ts', ...command], { cwd: folder });
  expect(output).toBe('INVALID_BACKEND: The module missing.ts gives no backend: there is no such file.\n');
  expect(code).toBe(1);
});

const modules: readonly (readonly [string, string, RegExp])[] = [
  ['exports nothing', 'export {};', /exports nothing under the name `backend`: write `export const backend/],
  ['exports something else', 'export const backend = 1;', /is no definition: that has name, typeDefs, /],
  ['exports half a definition', "export const backend = { name: 'x' };", /is no definition: that has name, /],
  ['throws', "throw new Error('not today');", /gives no backend: not today\./],
  ['is no program', 'export const = ;', /gives no backend: .*Unexpected token/s],
  ['imports what is not there', "import 'nowhere';", /gives no backend: Cannot find package 'nowhere'/],
];

test.each(modules)('a module that %s is refused with the reason', async (_, text, message) => {
  await writeFile(join(folder, 'backend.mjs'), text);
  const { code, output } = await runLivefold(['--backend', 'backend.mjs', 'check', '--no-database'], {
    cwd: folder,
  });
  expect(output).toMatch(/^INVALID_BACKEND: The module backend.mjs gives no backend: /);
  expect(output).toMatch(message);
  expect(code).toBe(1);
});

test('help names every command, and what each takes', async () => {
  const { code, stdout } = await runLivefold(['--help']);
  expect(stdout).toContain('--backend <module>');
  for (const name of ['start', 'demo', 'import', 'export', 'check', 'verify', 'keys', 'snapshots'])
    expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  expect(code).toBe(0);
});
