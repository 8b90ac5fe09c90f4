import { type SQL, sql } from 'drizzle-orm';
import { textArray } from './array-literal.ts';
import type { Session } from './database.ts';
import { run } from './statement.ts';
import type { LivefoldTables } from './tables.ts';

/** A projection's rows of the tracking table: its own, first, and those of its shards. */
export type TrackedRow = {
  readonly consumer: string;
  readonly position: number;
  /** Behind which position it began. */
  readonly start: number;
  readonly horizon: number;
  readonly shards: number;
  readonly owner: string | null;
  readonly token: number;
  readonly beyond: number | null;
  readonly definition: string | null;
  readonly fault: string | null;
};

/** Locks what is tracked of a projection. Whoever commits a batch has to wait, and meets what is made of it. */
export async function lockTracked(
  session: Session,
  { tracking }: LivefoldTables,
  name: string,
): Promise<readonly TrackedRow[]> {
  return run(
    session,
    sql`select consumer, position, horizon, shards, owner, token, beyond, definition, fault, start from ${tracking} where ${isOf(name)} order by consumer for update`,
    ([consumer, position, horizon, shards, owner, token, beyond, definition, fault, start]) => ({
      ...{ consumer: String(consumer), position: Number(position), horizon: Number(horizon) },
      ...{ shards: Number(shards), owner: textOf(owner), token: Number(token) },
      ...{ beyond: beyond === null ? null : Number(beyond) },
      ...{ definition: textOf(definition), fault: textOf(fault), start: Number(start) },
    }),
  );
}

/** The units among them: the shards where there are several. */
export function unitsOf(rows: readonly TrackedRow[]): readonly TrackedRow[] {
  return rows.length > 1 ? rows.slice(1) : rows;
}

/** Whether a row of the tracking table is a projection's own, or one of its shards'. */
export function isOf(name: string): SQL {
  return sql`(consumer = ${name} or starts_with(consumer, ${`${name}#`}))`;
}

/** What is to be tracked of a projection from now on. Rows that stay are changed in place: who waits for one gets it. */
export async function replaceTracked(
  session: Session,
  { tracking }: LivefoldTables,
  name: string,
  rows: readonly TrackedRow[],
): Promise<void> {
  const names = textArray(rows.map(({ consumer }) => consumer));
  await run(
    session,
    sql`delete from ${tracking} where ${isOf(name)} and consumer <> all (${names}::text[])`,
    () => undefined,
  );
  for (const { consumer, position, start, horizon, shards, token, definition } of rows)
    await run(
      session,
      sql`insert into ${tracking} (consumer, position, start, horizon, shards, token, definition)
        values (${consumer}, ${position}, ${start}, ${horizon}, ${shards}, ${token}, ${definition})
        on conflict (consumer) do update set position = excluded.position, start = excluded.start, horizon = excluded.horizon, shards = excluded.shards,
          token = excluded.token, definition = excluded.definition, owner = null, beyond = null, fault = null`,
      () => undefined,
    );
}

/** The same rows under another projection's name. */
export function renamed(rows: readonly TrackedRow[], from: string, to: string): readonly TrackedRow[] {
  return rows.map((row) => ({ ...row, consumer: `${to}${row.consumer.slice(from.length)}` }));
}

/** Forgets what is kept of a projection besides its position: removals, parked and skipped events. */
export async function dropRecords(session: Session, tables: LivefoldTables, name: string): Promise<void> {
  for (const [table, column] of keptIn(tables))
    await run(session, sql`delete from ${table} where ${column} = ${name}`, () => undefined);
}

/** Keeps it under another name; what was kept under that is forgotten. */
export async function moveRecords(
  session: Session,
  tables: LivefoldTables,
  from: string,
  to: string,
): Promise<void> {
  await dropRecords(session, tables, to);
  for (const [table, column] of keptIn(tables))
    await run(session, sql`update ${table} set ${column} = ${to} where ${column} = ${from}`, () => undefined);
}

function keptIn({ tombstones, parked, skipped }: LivefoldTables): readonly (readonly [SQL, SQL])[] {
  return [
    [sql`${tombstones}`, sql.raw('projection')],
    [sql`${parked}`, sql.raw('consumer')],
    [sql`${skipped}`, sql.raw('consumer')],
  ];
}

function textOf(value: unknown): string | null {
  return value === null ? null : String(value);
}
