import type { Sql } from 'postgres';
import { expect, vi } from 'vitest';

const patience = { timeout: 10_000 };

/** Holds what a server's statements need, and sees which of them wait. */
export function holdTables(sql: Sql) {
  /** Beside what its consumers ask by themselves: what is new on the log, where it ends, and which processes there are. */
  const waiting = async (): Promise<number> => {
    const rows = await sql`select 1 from pg_stat_activity
      where datname = current_database() and application_name = 'livefold' and state = 'active' and wait_event_type = 'Lock'
        and query not like '%"members"%' and query not like '%where e.position > $2%'
        and query not like 'select "position" from "livefold"."events"%'`;
    return rows.length;
  };
  return {
    /** Holds a table that no read gets past, while `work` runs. */
    async held(table: string, work: () => Promise<void>): Promise<void> {
      await sql.begin(async (transaction) => {
        await transaction`lock table ${transaction(table)} in access exclusive mode`;
        await work();
      });
    },
    isWaiting: () => vi.waitFor(async () => expect(await waiting()).toBeGreaterThan(0), patience),
    isCancelled: () => vi.waitFor(async () => expect(await waiting()).toBe(0), patience),
  };
}
