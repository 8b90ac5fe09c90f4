import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { openDatabase, type Session } from '../../src/adapters/postgres/database.ts';
import { key, position } from '../../src/app/read-columns.ts';
import { foldRows } from '../../src/consumption/fold-rows.ts';
import {
  type AnyProjection,
  type AnyRow,
  type ProjectionOptions,
  projection,
} from '../../src/consumption/projection.ts';
import type { StoredEvent } from '../../src/domain/event.ts';
import type { BackendDefinition } from '../../src/graphql/backend-definition.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { byId, Counted, Labelled, Removed, Whispered } from './counters.ts';

const names = ['first', 'second', 'third', 'many'] as const;

/** Four projections that count; the last one has several shards. */
export function tallies(shards: number, moods: TallyMoods = {}): readonly AnyProjection[] {
  return names.map((name) => tally(name, name === 'many' ? { shards, ...moods } : moods));
}

/** What a test has the handlers do besides: throw, for example. */
export type TallyMoods = { readonly onFold?: (key: string) => void };

/** A projection of the table of that name. */
export function tally(
  name: (typeof names)[number],
  { onFold, ...options }: ProjectionOptions & TallyMoods = {},
): AnyProjection {
  const table = pgTable(name, {
    id: key('id').primaryKey(),
    total: integer('total').notNull(),
    position: position(),
  });
  return projection(name, table, options)
    .on(
      Counted,
      ({ data }) => data.counters,
      (row, _, id) => {
        onFold?.(id);
        return { id, total: (row?.total ?? 0) + 1 };
      },
    )
    .on(
      Removed,
      ({ data }) => data.counters,
      () => null,
    );
}

export function talliesBackend(projections: readonly AnyProjection[]): BackendDefinition {
  const events = [Counted, Labelled, Removed, Whispered];
  return { name: 'tallies', typeDefs: [], resolvers: {}, events, projections };
}

/** A database with the tallies' tables. */
export async function createTalliesDatabase(): Promise<TestDatabase> {
  const created = await createTestDatabase();
  const database = openDatabase(created.url, { connections: 1 });
  for (const name of names)
    await database.session.execute(
      sql`create table ${sql.identifier(name)} (id text collate "C" primary key, total integer not null, position bigint not null)`,
    );
  await database.close();
  return created;
}

/** What a projection's table holds. */
export async function rowsOf(session: Session, { table }: AnyProjection): Promise<readonly AnyRow[]> {
  return (await session.select().from(table)).sort(byId);
}

/** What it must hold: a fold of the whole log in one go. */
export function foldedRows(one: AnyProjection, events: readonly StoredEvent[]): readonly AnyRow[] {
  const changes = foldRows(one, events, new Map());
  return changes.map(({ after, position: changedAt }) => ({ ...after, position: changedAt })).sort(byId);
}
