import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import type { Database } from '../../../src/adapters/postgres/database.ts';

/** Resolves when the condition holds; the test's own time limit ends one that never does. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(5);
}

/** Whether somebody holds the lock of this database's log, or waits for it. */
export async function isLocked({ session }: Database, how: 'held' | 'wanted'): Promise<boolean> {
  const locks = await session.execute(sql`
    select 1 from pg_locks
    where locktype = 'advisory' and granted = ${how === 'held'}
      and database = (select oid from pg_database where datname = current_database())`);
  return locks.length > 0;
}
