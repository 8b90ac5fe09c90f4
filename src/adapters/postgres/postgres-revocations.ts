import { sql } from 'drizzle-orm';
import type { Revocation, RevocationStore } from '../../persistence/revocation-store.ts';
import type { Database } from './database.ts';
import { revocationNews } from './postgres-news.ts';
import { run } from './statement.ts';
import { defaultSchema, livefoldTables, newsChannelOf } from './tables.ts';
import { translated } from './translate-error.ts';

/** Revoked tokens in Postgres. */
export function createPostgresRevocations(
  { session }: Pick<Database, 'session'>,
  schema: string = defaultSchema,
): RevocationStore {
  const { revocations } = livefoldTables(schema);
  return {
    revoke: ({ kind, id }) =>
      translated(`revoking the tokens of the ${kind} "${id}"`, async () => {
        const statement = sql`with revoked as (
            insert into ${revocations} as r (kind, id, revoked_at) values (${kind}, ${id}, now())
            on conflict (kind, id) do update set revoked_at = greatest(r.revoked_at, excluded.revoked_at)
            returning revoked_at)
          select revoked_at, pg_notify(${newsChannelOf(schema)}, ${revocationNews}) from revoked`;
        const [revokedAt] = await run(session, statement, (row) => dateOf(row[0]));
        return { kind, id, revokedAt: revokedAt ?? new Date() };
      }),

    // A minute is more than a statement of one row takes to commit.
    revokedSince: (moment = new Date(0)) =>
      translated('looking up what was revoked', () =>
        run(
          session,
          sql`select kind, id, revoked_at from ${revocations} where revoked_at >= ${moment.toISOString()}::timestamptz - interval '1 minute'`,
          ([kind, id, revokedAt]): Revocation => ({
            kind: kind === 'token' ? 'token' : 'subject',
            id: String(id),
            revokedAt: dateOf(revokedAt),
          }),
        ),
      ),
  };
}

function dateOf(value: unknown): Date {
  return value instanceof Date ? value : new Date(String(value));
}
