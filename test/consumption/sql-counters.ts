import { eq, sql } from 'drizzle-orm';
import { bigint, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { openDatabase, type Session } from '../../src/adapters/postgres/database.ts';
import { type ProjectionOptions, projection, type RowOf } from '../../src/consumption/projection.ts';
import type { SqlTransaction } from '../../src/consumption/sql-handler.ts';
import type { StoredEvent } from '../../src/domain/event.ts';
import type { BackendDefinition } from '../../src/graphql/backend-definition.ts';
import type { TestDatabase } from '../support/database.ts';
import {
  Counted,
  countersProjection,
  createCountersDatabase,
  Labelled,
  Removed,
  Whispered,
} from './counters.ts';

const countersTable = countersProjection().table;

/** Each event of each counter: one that is applied twice breaks the key. */
export const movesTable = pgTable(
  'moves',
  { position: bigint('position', { mode: 'number' }).notNull(), counter: text('counter').notNull() },
  (table) => [primaryKey({ columns: [table.position, table.counter] })],
);

export type SqlCountersOptions = ProjectionOptions & {
  /** Comes behind the SQL of each count. */
  readonly onCounted?: (transaction: SqlTransaction, event: StoredEvent, key: string) => Promise<void>;
};

/** Counters as `countersProjection` folds them, by handwritten SQL. */
export function sqlCounters({ onCounted = async () => {}, ...options }: SqlCountersOptions = {}) {
  return projection('counters', countersTable, { ...options, tables: { moves: movesTable } })
    .sql(Counted, 'counters', async (transaction, event, { key, table, tables, position }) => {
      const row: RowOf<typeof table> = { id: key, total: 1, label: null };
      await transaction
        .insert(table)
        .values({ ...row, position })
        .onConflictDoUpdate({ target: table.id, set: { total: sql`${table.total} + 1`, position } });
      await transaction.insert(tables.moves).values({ position: event.position, counter: key });
      await onCounted(transaction, event, key);
    })
    .sql(Labelled, 'counter', async (transaction, { data: { label } }, { key, table, position }) => {
      await transaction.update(table).set({ label, position }).where(eq(table.id, key));
    })
    .sql(Removed, 'counters', async (transaction, _, { key, table }) => {
      const gone = await transaction.delete(table).where(eq(table.id, key)).returning({ id: table.id });
      return { removed: gone.map(({ id }) => id) };
    });
}

export type SqlCounters = ReturnType<typeof sqlCounters>;

export function sqlCountersBackend(counters: SqlCounters): BackendDefinition {
  const events = [Counted, Labelled, Removed, Whispered];
  return { name: 'counters', typeDefs: [], resolvers: {}, events, projections: [counters] };
}

/** A database with the tables that the handlers write. */
export async function createSqlCountersDatabase(): Promise<TestDatabase> {
  const created = await createCountersDatabase();
  const database = openDatabase(created.url, { connections: 1 });
  await createMoves(database.session);
  await database.close();
  return created;
}

export async function createMoves(session: Session, schema = 'public'): Promise<void> {
  const name = sql`${sql.identifier(schema)}.moves`;
  await session.execute(
    sql`create table ${name} (position bigint, counter text, primary key (position, counter))`,
  );
}
