import { sql } from 'drizzle-orm';
import type { RowChange } from '../../consumption/fold-rows.ts';
import type { AnyProjection } from '../../consumption/projection.ts';
import type { Session } from './database.ts';

/** The first look is worth its time from so many new rows on; then each time there are ten times as many. */
const firstLook = 500;

/**
 * Has Postgres look at a read table whenever it has grown tenfold. A plan that was made while the table was empty walks it from
 * end to end, and stays in use until somebody analyzes the table: during a catch-up that made each batch slower than the
 * one before (100,000 events took 16 s instead of 1 s), since autovacuum comes once a minute.
 */
export class TableGrowth {
  readonly #session: Session;
  readonly #added = new Map<AnyProjection, { rows: number; next: number }>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** Counts the rows that a committed batch added. */
  async noticed(projection: AnyProjection, changes: readonly RowChange[]): Promise<void> {
    const growth = this.#added.get(projection) ?? { rows: 0, next: firstLook };
    growth.rows += changes.filter(({ before }) => before === undefined).length;
    this.#added.set(projection, growth);
    if (growth.rows < growth.next) return;
    growth.next = growth.rows * 10;
    await this.#session.execute(sql`analyze ${projection.table}`);
  }
}
