import { type SQL, sql } from 'drizzle-orm';
import type { KeptEvent, ParkedAction, ParkedKey, ParkedStore } from '../../consumption/parked-store.ts';
import type { Session } from './database.ts';
import { announceParked } from './postgres-news.ts';
import { run } from './statement.ts';
import { defaultSchema, livefoldTables } from './tables.ts';
import { translated } from './translate-error.ts';

/**
 * What is kept back, in Postgres. The first row of a key has the error, and when it is tried again; those behind it are the events that wait.
 */
export function createPostgresParkedStore(
  { session }: { readonly session: Session },
  schema: string = defaultSchema,
): ParkedStore {
  const tables = livefoldTables(schema);
  const { parked, skipped, events, members } = tables;

  return {
    keys: (consumer) =>
      translated('looking for parked keys', () =>
        run(session, sql`select distinct key from ${parked} where consumer = ${consumer}`, ([key]) =>
          String(key),
        ),
      ),

    first: (consumer) =>
      translated('looking for parked keys', () =>
        run(
          session,
          sql`select key, min(position) from ${parked} where consumer = ${consumer} group by key`,
          toKeptEvent,
        ),
      ),

    due: (consumer) =>
      translated('looking for parked keys', () =>
        run(
          session,
          sql`select key, asked, coalesce(extract(epoch from next_try - clock_timestamp()) * 1000, 0)::float8
            from ${parked} where consumer = ${consumer} and error is not null and (asked is not null or next_try is not null)
            order by asked is null, next_try`,
          ([key, asked, wait]) => ({ key: String(key), asked: actionOf(asked), wait: Number(wait) }),
        ),
      ),

    waiting: (consumer, key, limit) =>
      translated('looking for parked events', () =>
        run(
          session,
          // The transaction that has written a row last: nobody but who asks changes the first of a key beside who works on it.
          sql`select position, failures, asked, xmin::text from ${parked} where consumer = ${consumer} and key = ${key} order by position limit ${limit}`,
          ([position, failures, asked, revision]) => ({
            ...{ position: Number(position), failures: Number(failures) },
            ...{ asked: actionOf(asked), revision: String(revision) },
          }),
        ),
      ),

    count: (consumer) =>
      translated('counting parked keys', async () => {
        const statement = sql`select count(distinct key) from ${parked} where consumer = ${consumer} and error is not null`;
        const [count] = await run(session, statement, ([number]) => Number(number));
        return count ?? 0;
      }),

    list: (consumer, { first, after, key }) =>
      translated('listing parked keys', () => {
        const isMeant = sql`p.consumer = ${consumer} and p.error is not null${
          after === undefined ? sql`` : sql` and p.key > ${after}`
        }${key === undefined ? sql`` : sql` and p.key = ${key}`}`;
        return run(
          session,
          sql`select h.*, e.type, (select count(*) - 1 from ${parked} w where w.consumer = ${consumer} and w.key = h.key) from (
              select distinct on (p.key) p.key, p.position, p.error, p.failures, p.asked,
                ${inMilliseconds('parked_at')}, ${inMilliseconds('next_try')}
              from ${parked} p where ${isMeant} order by p.key, p.position limit ${first}) as h
            left join ${events} e on e.position = h.position order by h.key`,
          toParkedKey,
        );
      }),

    ask: (consumer, action, key) =>
      translated('asking for a parked key', async () => {
        const isMeant = sql`consumer = ${consumer} and error is not null${key === undefined ? sql`` : sql` and key = ${key}`}`;
        const statement = sql`with asked as (update ${parked} set asked = ${action} where ${isMeant} returning key)
          select count(distinct key), ${announceParked(schema, consumer)} from asked`;
        const [count] = await run(session, statement, ([number]) => Number(number));
        return count ?? 0;
      }),

    isWorkedOn: (consumer) =>
      translated('looking for processes', async () => {
        const statement = sql`select true from ${members} where lease_end > clock_timestamp() and jsonb_exists(consumers, ${consumer}) limit 1`;
        return (await run(session, statement, () => true)).length > 0;
      }),

    skipped: (consumer) =>
      translated('looking for skipped events', () =>
        run(
          session,
          sql`select key, position from ${skipped} where consumer = ${consumer} order by position`,
          toKeptEvent,
        ),
      ),
  };
}

/** A time as the milliseconds since 1970: as text, each column would need the driver's own parser. */
function inMilliseconds(column: 'parked_at' | 'next_try'): SQL {
  return sql`(extract(epoch from p.${sql.identifier(column)}) * 1000)::float8 as ${sql.identifier(column)}`;
}

function toKeptEvent([key, position]: readonly unknown[]): KeptEvent {
  return { key: String(key), position: Number(position) };
}

function toParkedKey(row: readonly unknown[]): ParkedKey {
  const [key, position, error, failures, asked, parkedAt, nextTry, type, waiting] = row;
  return {
    ...{ key: String(key), position: Number(position), type: String(type ?? '') },
    ...{ error: String(error), failures: Number(failures), waiting: Number(waiting) },
    parkedAt: new Date(Number(parkedAt)),
    nextTry: nextTry === null ? null : new Date(Number(nextTry)),
    asked: actionOf(asked),
  };
}

function actionOf(asked: unknown): ParkedAction | null {
  return asked === 'retry' || asked === 'skip' ? asked : null;
}
