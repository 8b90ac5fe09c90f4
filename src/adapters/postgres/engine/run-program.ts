import { spawn } from 'node:child_process';

/** Whom a program runs as, when that is somebody else than this process. Named as `spawn` names them. */
export type ServerUser = { readonly uid: number; readonly gid: number };

export type ProgramResult = { readonly succeeded: boolean; readonly output: string };

type ProgramOptions = {
  readonly cwd: string;
  readonly user: ServerUser | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Runs a program to its end. Whatever goes wrong, not being able to start it included, is a result with the reason in `output`. */
export function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ProgramResult> {
  const { promise, resolve } = Promise.withResolvers<ProgramResult>();
  const child = spawn(file, args, {
    ...options.user,
    cwd: options.cwd,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
    // At an interrupt pg_ctl also ends the server it is just starting; SIGTERM would leave that behind.
    killSignal: 'SIGINT',
    ...(options.signal && { signal: options.signal }),
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  child.on('error', (error) => resolve({ succeeded: false, output: error.message }));
  child.on('close', (code) => resolve({ succeeded: code === 0, output: output.trim() }));
  return promise;
}

/** Ours, without the variables that would steer PostgreSQL's programs (PGDATA, PGPORT, PGOPTIONS …), and in plain English. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'));
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}
