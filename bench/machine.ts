import { availableParallelism } from 'node:os';
import postgres from 'postgres';

/** Where a figure was measured. */
export type Machine = {
  readonly cores: number;
  readonly postgres: string;
  readonly fsync: string;
  readonly node: string;
};

/** Asks the server and the system. */
export async function describeMachine(databaseUrl: string): Promise<Machine> {
  const sql = postgres(databaseUrl, { max: 1 });
  try {
    const [row] = await sql<{ version: string; fsync: string }[]>`
      select current_setting('server_version') as version, current_setting('fsync') as fsync`;
    const { version = 'unknown', fsync = 'unknown' } = row ?? {};
    return { cores: availableParallelism(), postgres: version, fsync, node: process.versions.node };
  } finally {
    await sql.end();
  }
}
