import { type SQL, sql } from 'drizzle-orm';
import type { KeyStore, StoredKey } from '../../persistence/key-store.ts';
import { plainArray, textArray } from './array-literal.ts';
import type { Database } from './database.ts';
import { plainBytes } from './event-columns.ts';
import { run } from './statement.ts';
import { defaultSchema, livefoldTables } from './tables.ts';
import { translated } from './translate-error.ts';

/** Wrapped keys in Postgres. Whoever locks several takes them in the order of their subjects, as the function `append` does. */
export function createPostgresKeyStore(
  { session }: Pick<Database, 'session'>,
  schema: string = defaultSchema,
): KeyStore {
  const { keys: table } = livefoldTables(schema);

  async function select(rest: SQL): Promise<readonly StoredKey[]> {
    return run(session, sql`select id, subject, master_id, wrapped from ${table} ${rest}`, decodeKey);
  }

  function find(ids: readonly string[], subjects: readonly (string | null)[]): Promise<readonly StoredKey[]> {
    const ofNobody = subjects.includes(null) ? sql`or subject is null` : sql``;
    return select(
      sql`where id = any (${plainArray(ids)}::uuid[]) or subject = any (${textArray(subjects)}::text[]) ${ofNobody}`,
    );
  }

  async function addKeys(keys: readonly StoredKey[]): Promise<readonly StoredKey[]> {
    const added = await run(
      session,
      sql`insert into ${table} (id, subject, master_id, wrapped) select k.id, k.subject, k.master_id, decode(k.wrapped, 'base64')
        from ${rowsOf(keys)} order by k.subject collate "C" on conflict do nothing returning true`,
      () => true,
    );
    if (added.length === keys.length) return keys;
    const stored = await find(
      keys.map(({ id }) => id),
      keys.map(({ subject }) => subject).filter((subject) => subject !== null),
    );
    const byId = new Map(stored.map((key) => [key.id, key]));
    const bySubject = new Map(stored.map((key) => [key.subject, key]));
    return keys.map((key) => byId.get(key.id) ?? bySubject.get(key.subject) ?? key);
  }

  return {
    findKeys: ({ ids = [], subjects = [] }) => translated('looking up keys', () => find(ids, subjects)),

    addKeys: (keys) => translated('adding keys', () => addKeys(keys)),

    listKeys: ({ after, limit }) =>
      translated('listing keys', () =>
        select(sql`${after === undefined ? sql`` : sql`where id > ${after}`} order by id limit ${limit}`),
      ),

    rewrapKeys: (keys) =>
      translated('wrapping keys again', async () => {
        await run(
          session,
          sql`with locked as (
              select id from ${table} where id = any (${plainArray(keys.map(({ id }) => id))}::uuid[]) order by subject, id for update)
            update ${table} as t set master_id = k.master_id, wrapped = decode(k.wrapped, 'base64')
            from ${rowsOf(keys)} join locked on locked.id = k.id where t.id = k.id and t.wrapped is not null`,
          () => undefined,
        );
      }),
  };
}

/** `k(id, subject, master_id, wrapped)`, the bytes in base64. */
function rowsOf(keys: readonly StoredKey[]): SQL {
  const wrapped = keys.map((key) => key.wrapped && Buffer.from(key.wrapped).toString('base64'));
  const columns = [
    sql`${plainArray(keys.map(({ id }) => id))}::uuid[]`,
    ...[keys.map(({ subject }) => subject), keys.map(({ masterId }) => masterId), wrapped].map(
      (values) => sql`${textArray(values)}::text[]`,
    ),
  ];
  return sql`unnest(${sql.join(columns, sql`, `)}) as k(id, subject, master_id, wrapped)`;
}

function decodeKey(row: readonly unknown[]): StoredKey {
  const [id, subject, masterId, wrapped] = row as unknown as KeyRow;
  return { id, subject, masterId, wrapped: wrapped && plainBytes(wrapped) };
}

type KeyRow = readonly [id: string, subject: string | null, masterId: string, wrapped: Uint8Array | null];
