import { sql } from 'drizzle-orm';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { z } from 'zod';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { key, position } from '../../src/app/read-columns.ts';
import { foldRows } from '../../src/consumption/fold-rows.ts';
import { type AnyRow, type ProjectionOptions, projection } from '../../src/consumption/projection.ts';
import { event, type NewEvent, type PreparedEvent, type StoredEvent } from '../../src/domain/event.ts';
import type { BackendDefinition } from '../../src/graphql/backend-definition.ts';
import { createId } from '../../src/kernel/ids.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

/** Some counters went up by one: an event that is applied twice, or not at all, shows in the total. */
export const Counted = event('Counted', z.object({ counters: z.array(z.string()) }));
export const Labelled = event('Labelled', z.object({ counter: z.string(), label: z.string().nullable() }));
export const Removed = event('Removed', z.object({ counters: z.array(z.string()) }));
/** Which no counter hears of. */
export const Whispered = event('Whispered', z.object({}));

const countersTable = pgTable('counters', {
  id: key('id').primaryKey(),
  total: integer('total').notNull(),
  label: text('label'),
  position: position(),
});

/** What a handler gives in place of the right thing. */
type Instead = { readonly give: unknown };

/** What a test has the handlers of counters do besides: throw, hang, or give something else. */
export type Moods = {
  readonly onKeys?: ((event: StoredEvent) => Instead | undefined) | undefined;
  readonly onFold?: ((event: StoredEvent, key: string) => Instead | undefined) | undefined;
};

/** Counters by name, which go up by so many. */
export function countersProjection(
  { onKeys, onFold, ...options }: ProjectionOptions & Moods = {},
  step = 1,
  name = 'counters',
) {
  // biome-ignore lint/suspicious/noExplicitAny: what no handler may give is what is tested.
  const instead = (given: Instead | undefined, right: any): any => (given === undefined ? right : given.give);
  return projection(name, countersTable, options)
    .on(
      Counted,
      (event) => instead(onKeys?.(event), event.data.counters),
      (row, event, id) =>
        instead(onFold?.(event, id), { id, total: (row?.total ?? 0) + step, label: row?.label ?? null }),
    )
    .on(
      Labelled,
      (event) => instead(onKeys?.(event), event.data.counter),
      (row, event, id) => instead(onFold?.(event, id), row && { ...row, label: event.data.label }),
    )
    .on(
      Removed,
      ({ data }) => data.counters,
      () => null,
    );
}

export type Counters = ReturnType<typeof countersProjection>;

/** A backend of counters alone. */
export function countersBackend(counters: Counters): BackendDefinition {
  const events = [Counted, Labelled, Removed, Whispered];
  return { name: 'counters', typeDefs: [], resolvers: {}, events, projections: [counters] };
}

/** A database with the counters' table. */
export async function createCountersDatabase(): Promise<TestDatabase> {
  const created = await createTestDatabase();
  const database = openDatabase(created.url, { connections: 1 });
  await database.session.execute(sql`create table counters (
    id text collate "C" primary key, total integer not null, label text, position bigint not null)`);
  await database.close();
  return created;
}

export const counted = (...counters: readonly string[]): PreparedEvent =>
  prepare(Counted({ counters: [...counters] }));
export const labelled = (counter: string, label: string | null): PreparedEvent =>
  prepare(Labelled({ counter, label }));
export const removed = (...counters: readonly string[]): PreparedEvent =>
  prepare(Removed({ counters: [...counters] }));
export const whispered = (): PreparedEvent => prepare(Whispered({}));

/** The same event in a stream of its own. */
export const inStream = (stream: string, one: PreparedEvent): PreparedEvent => ({ ...one, stream });

function prepare(made: NewEvent): PreparedEvent {
  const nobody = { correlationId: null, causationId: null, actor: null, tenant: null, metadata: null };
  return { ...made, ...nobody, id: createId(), stream: 'Counters', occurredAt: new Date() };
}

/** The events as a log gives them back. */
export function stored(...events: readonly PreparedEvent[]): readonly StoredEvent[] {
  return events.map((one, index) => ({
    ...one,
    position: index + 1,
    version: index + 1,
    recordedAt: one.occurredAt,
  }));
}

/** What the whole log folds to, in one go: what the table must hold in the end. */
export function foldAll(counters: Counters, events: readonly StoredEvent[]): readonly AnyRow[] {
  const changes = foldRows(counters, events, new Map());
  return changes.map(({ after, position: changedAt }) => ({ ...after, position: changedAt })).sort(byId);
}

export const byId = (a: AnyRow, b: AnyRow): number => (String(a.id) < String(b.id) ? -1 : 1);
