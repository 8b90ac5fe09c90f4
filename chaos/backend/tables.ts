import { integer, type PgTable, pgTable } from 'drizzle-orm/pg-core';
import { key, position } from '../../src/app/read-columns.ts';

/** `trail` is the same only if the same events came in the same order. */
const trailTable = (name: string) =>
  pgTable(name, {
    id: key('id').primaryKey(),
    marks: integer('marks').notNull(),
    trail: integer('trail').notNull(),
    position: position(),
  });

export const boardsTable = trailTable('chaos_boards');
export const slowTable = trailTable('chaos_slow');
export const unluckyTable = trailTable('chaos_unlucky');
export const inlineTable = trailTable('chaos_inline');
export const errandsTable = trailTable('chaos_errands');

export type TrailTable = typeof boardsTable;

export const trailTables: readonly PgTable[] = [
  boardsTable,
  slowTable,
  unluckyTable,
  inlineTable,
  errandsTable,
];
