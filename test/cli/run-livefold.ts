import { join } from 'node:path';
import { createMasterKey } from '../../src/persistence/mapper/master-keys.ts';
import { Program } from '../support/program.ts';

/** The command line, as node runs it. */
export const cli = join(import.meta.dirname, '../../src/cli/livefold.ts');

/** The master key of the databases of one test file. */
export const masterKeys = createMasterKey('test');

export type CliResult = {
  readonly code: number | null;
  readonly stdout: string;
  /** Both streams. */
  readonly output: string;
};

export type CliOptions = {
  readonly databaseUrl?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
};

/** Starts `livefold` with some arguments. */
export function startLivefold(
  args: readonly string[],
  { databaseUrl = '', cwd, env = {} }: CliOptions = {},
): Program {
  return new Program([cli, ...args], {
    ...(cwd !== undefined && { cwd }),
    env: { DATABASE_URL: databaseUrl, LIVEFOLD_KEYS: masterKeys, ...env },
  });
}

/** Runs `livefold` to its end. */
export async function runLivefold(args: readonly string[], options?: CliOptions): Promise<CliResult> {
  await using program = startLivefold(args, options);
  const { code } = await program.ended;
  return { code, stdout: program.stdout, output: program.output };
}
