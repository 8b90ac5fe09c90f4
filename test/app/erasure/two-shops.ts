import { shop } from '../../../src/app/shop.ts';
import { cli } from '../../clients/shop.ts';
import { createTestDatabase } from '../../support/database.ts';
import { ServedProgram } from '../../support/served-program.ts';
import { createTestFolder } from '../../support/test-folder.ts';

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
  const folder = starting.use(await createTestFolder());
  const env = { DATABASE_URL: database.url, LIVEFOLD_DATA: folder.path, PORT: '0' };
  const start = async () => starting.use(await ServedProgram.start([cli, 'start'], { env }));
  const [one, other] = await Promise.all([start(), start()]);
  const running = starting.move();
  return {
    ...{ databaseUrl: database.url, env, one, other },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
