import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shop } from '../../../src/app/shop.ts';
import { cli } from '../../clients/shop.ts';
import { createTestDatabase } from '../../support/database.ts';
import { ServedProgram } from '../../support/served-program.ts';

/** A folder of its own, for data and the master key. */
export interface Folder extends AsyncDisposable {
  readonly path: string;
}

export async function createFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'livefold-test-data-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** The shop as two programs on one database. */
export interface TwoShops extends AsyncDisposable {
  readonly databaseUrl: string;
  /** What a program needs to work on the same database. */
  readonly env: Readonly<Record<string, string>>;
  readonly one: ServedProgram;
  readonly other: ServedProgram;
}

export async function startTwoShops(): Promise<TwoShops> {
  await using starting = new AsyncDisposableStack();
  const database = starting.use(await createTestDatabase(shop.migrations));
  const folder = starting.use(await createFolder());
  const env = { DATABASE_URL: database.url, LIVEFOLD_DATA: folder.path, PORT: '0' };
  const start = async () => starting.use(await ServedProgram.start([cli, 'start'], { env }));
  const [one, other] = await Promise.all([start(), start()]);
  const running = starting.move();
  return {
    ...{ databaseUrl: database.url, env, one, other },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
