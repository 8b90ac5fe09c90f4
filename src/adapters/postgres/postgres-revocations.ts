import { sql } from 'drizzle-orm';
import type { Revocation, RevocationStore } from '../../persistence/revocation-store.ts';
import type { Database } from './database.ts';
import { revocationNews } from './postgres-news.ts';
import { run } from './statement.ts';
import { defaultSchema, livefoldTables, newsChannelOf } from './tables.ts';
import { translated } from './translate-error.ts';

export type RevocationsOptions = {
  readonly schema?: string | undefined;
  /** How many seconds tokens are believed from when they were made; for ever unless given, and then revocations are for good. */
  readonly maxTokenAge?: number | undefined;
};

/** Revoked tokens in Postgres. */
export function createPostgresRevocations(
  { session }: Pick<Database, 'session'>,
  { schema = defaultSchema, maxTokenAge }: RevocationsOptions = {},
): RevocationStore {
  const { revocations } = livefoldTables(schema);
  // The clocks of issuer, servers and database differ by less than a minute, the seconds that a revocation reaches ahead included.
  const until =
    maxTokenAge === undefined
      ? sql`'infinity'::timestamptz`
      : sql`now() + ${maxTokenAge}::double precision * interval '1 second' + interval '1 minute'`;
  return {
    revoke: ({ kind, id }) =>
      translated(`revoking the tokens of the ${kind} "${id}"`, async () => {
        // What others are letting go of just now is theirs to let go of, and what is revoked anew stays.
        const statement = sql`with over as (
            select kind, id from ${revocations}
            where until < now() and (kind, id) <> (${kind}, ${id}) for update skip locked),
          gone as (delete from ${revocations} where (kind, id) in (select kind, id from over)),
          revoked as (
            insert into ${revocations} as r (kind, id, revoked_at, until) values (${kind}, ${id}, now(), ${until})
            on conflict (kind, id) do update
              set revoked_at = greatest(r.revoked_at, excluded.revoked_at), until = greatest(r.until, excluded.until)
            returning kind, id, revoked_at, until)
          select kind, id, revoked_at, nullif(until, 'infinity'), pg_notify(${newsChannelOf(schema)}, ${revocationNews}) from revoked`;
        const [revoked] = await run(session, statement, toRevocation);
        if (revoked !== undefined) return revoked;
        throw new Error('A revocation was written and not given back.');
      }),

    // A minute is more than a statement of one row takes to commit.
    revokedSince: (moment = new Date(0)) =>
      translated('looking up what was revoked', () =>
        run(
          session,
          sql`select kind, id, revoked_at, nullif(until, 'infinity') from ${revocations}
            where until >= now() and revoked_at >= ${moment.toISOString()}::timestamptz - interval '1 minute'`,
          toRevocation,
        ),
      ),
  };
}

function toRevocation([kind, id, revokedAt, until]: readonly unknown[]): Revocation {
  return {
    kind: kind === 'token' ? 'token' : 'subject',
    id: String(id),
    revokedAt: dateOf(revokedAt),
    until: until === null ? null : dateOf(until),
  };
}

function dateOf(value: unknown): Date {
  return value instanceof Date ? value : new Date(String(value));
}
