import { stat } from 'node:fs/promises';
import { engineFailed } from './engine-errors.ts';
import { runProgram, type ServerUser } from './run-program.ts';

/**
 * PostgreSQL refuses to run as root. As root we therefore run it as the one who owns the database already, else as `postgres`,
 * else as `nobody`: these exist, and a library has no business creating users.
 */
export async function chooseServerUser(folder: string): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const user = (await ownerOf(folder)) ?? (await lookUp('postgres')) ?? (await lookUp('nobody'));
  if (user === undefined)
    throw engineFailed('it cannot run as root, and there is neither a user "postgres" nor "nobody".', {
      folder,
    });
  return user;
}

async function ownerOf(folder: string): Promise<ServerUser | undefined> {
  const owner = await stat(folder).catch(() => undefined);
  return owner === undefined || owner.uid === 0 ? undefined : { uid: owner.uid, gid: owner.gid };
}

async function lookUp(name: string): Promise<ServerUser | undefined> {
  const [uid, gid] = await Promise.all([askId('-u', name), askId('-g', name)]);
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

async function askId(flag: string, name: string): Promise<number | undefined> {
  const { succeeded, output } = await runProgram('id', [flag, name], { cwd: '/', user: undefined });
  return succeeded ? Number(output) : undefined;
}
