import type { Sql } from 'postgres';
import { LivefoldError } from '../../../kernel/errors.ts';
import { openClient } from '../database.ts';
import { databaseCode, messageOf } from '../translate-error.ts';
import type { Engine } from './engine.ts';

// PostgreSQL 15 as `server_version_num` writes it: major version × 10,000.
const OLDEST = 150_000;

/**
 * A server that somebody else runs. Errors: `DATABASE_URL_INVALID`, `DATABASE_UNREACHABLE` (a refused login included),
 * `DATABASE_TOO_OLD`.
 */
export async function useGivenServer(url: string): Promise<Engine> {
  const sql = connect(url);
  try {
    const [row] = await sql<{ number: number; name: string }[]>`
      select current_setting('server_version_num')::int as number, current_setting('server_version') as name`;
    if (row !== undefined && row.number < OLDEST) throw tooOld(row.name);
  } catch (error) {
    throw error instanceof LivefoldError ? error : unreachable(error);
  } finally {
    await sql.end({ timeout: 0 });
  }
  const stop = async (): Promise<void> => {};
  return { url, adopted: true, stop, [Symbol.asyncDispose]: stop };
}

function connect(url: string): Sql {
  try {
    return openClient(url, { max: 1 });
  } catch (cause) {
    // The driver's message may repeat the address and its password: it stays in the cause.
    throw new LivefoldError(
      'DATABASE_URL_INVALID',
      'DATABASE_URL is not an address: write postgres://user:password@host:5432/database.',
      { cause },
    );
  }
}

function unreachable(cause: unknown): LivefoldError {
  // A refused connection to a name with several addresses is an AggregateError, whose message is empty.
  const reason = messageOf(cause) || databaseCode(cause);
  return new LivefoldError(
    'DATABASE_UNREACHABLE',
    `The PostgreSQL server of DATABASE_URL cannot be used: ${reason}. Check that it runs, and the address, user and password.`,
    { fields: { reason }, cause },
  );
}

function tooOld(version: string): LivefoldError {
  return new LivefoldError(
    'DATABASE_TOO_OLD',
    `The server of DATABASE_URL is PostgreSQL ${version}: Livefold needs 15 or newer.`,
    { fields: { version } },
  );
}
