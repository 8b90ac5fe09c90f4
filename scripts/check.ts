/** Runs every static check at once and prints only what failed: `npm run check`. */
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';

type Check = { readonly name: string; readonly command: string; readonly args: readonly string[] };
type Outcome = { readonly check: Check; readonly passed: boolean; readonly output: string };

const checks: readonly Check[] = [
  { name: 'format and lint', command: 'biome', args: ['check', '--error-on-warnings'] },
  { name: 'promises', command: 'oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'types', command: 'tsc', args: ['--pretty', 'false'] },
  { name: 'types of the page', command: 'tsc', args: ['--pretty', 'false', '-p', 'examples/live-orders'] },
  { name: 'unused code', command: 'knip', args: ['--no-progress', '--no-config-hints'] },
  { name: 'breaking changes of the schema', command: 'node', args: ['scripts/schema-changes.ts'] },
  { name: 'generated types', command: 'node', args: ['scripts/codegen.ts', '--check'] },
];

const root = join(import.meta.dirname, '..');
// The tools are scripts that look for `node` on the path: it must be the pinned one, however this file was started.
const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);

const outcomes = await Promise.all(checks.map(run));
for (const { check, output } of outcomes.filter(({ passed }) => !passed)) {
  console.error(`✗ ${check.name} (${[check.command, ...check.args].join(' ')})\n${output.trimEnd()}\n`);
  process.exitCode = 1;
}

function run(check: Check): Promise<Outcome> {
  const child = spawn(check.command, check.args, { cwd: root, env: { ...process.env, PATH: path } });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => {
    // A tool that cannot even start is a failed check like any other.
    child.on('error', (error) => resolve({ check, passed: false, output: error.message }));
    child.on('close', (code) =>
      resolve({ check, passed: code === 0, output: Buffer.concat(chunks).toString('utf8') }),
    );
  });
}
