import { sql } from 'drizzle-orm';
import type { AnyProjection } from '../../consumption/projection.ts';
import { nextName, oldName } from '../../consumption/rebuild/shadow.ts';
import type { Session } from './database.ts';
import { type FoundTable, nameOf } from './found-table.ts';
import { announceMembers } from './postgres-news.ts';
import { lockTracked, moveRecords, renamed, replaceTracked, type TrackedRow } from './rebuild-records.ts';
import { copyRights } from './rebuild-table.ts';
import { run } from './statement.ts';
import type { LivefoldTables } from './tables.ts';

/** How long, in milliseconds, writers are waited for, who commit in a moment. */
const writersWait = 5_000;
/** And readers: whoever comes meanwhile waits behind us, so that is soon given up, and tried again. */
const readersWait = 500;

/**
 * Has a projection stand still until the end of the transaction: nothing is written to its table, and its position stays. Readers
 * go on. The locks are taken in the order in which its writers do, so that none waits for us while we wait for it.
 */
export async function standStill(
  session: Session,
  tables: LivefoldTables,
  projection: AnyProjection,
  table: FoundTable,
): Promise<readonly TrackedRow[]> {
  await waitAtMost(session, writersWait);
  const lockTable = () => session.execute(sql`lock table ${nameOf(table)} in share row exclusive mode`);
  // A batch is one statement, which locks its table as it is planned, and the position as it runs. An inline projection
  // takes the position in a statement of its own before.
  if (projection.mode === 'async') await lockTable();
  const rows = await lockTracked(session, tables, projection.name);
  if (projection.mode === 'inline') await lockTable();
  return rows;
}

/** The schemas of tables beside those that serve. */
export type Beside = { readonly next: string; readonly old: string };

export const besideOf = (schema: string): Beside => ({ next: `${schema}_next`, old: `${schema}_old` });

export type ExchangeTables = {
  readonly tables: LivefoldTables;
  readonly projection: AnyProjection;
  readonly live: FoundTable;
  /** What is tracked of it, locked. */
  readonly before: readonly TrackedRow[];
  /** What is to be tracked from now on. */
  readonly after: readonly TrackedRow[];
};

/**
 * Puts the table in the schema of next ones in the place of the one that serves, which goes to that of old ones, with all that
 * is kept of both. Nobody resumes from before this moment, and whoever works on the projection has to begin anew.
 */
export async function exchangeTables(
  session: Session,
  { tables, projection: { name }, live, before, after }: ExchangeTables,
): Promise<void> {
  const { next, old } = besideOf(tables.schema.schemaName);
  const incoming = { schema: next, name: live.name };
  await copyRights(session, live, incoming);
  await waitAtMost(session, readersWait);
  await session.execute(sql`lock table ${nameOf(live)} in access exclusive mode`);
  await session.execute(sql`drop table if exists ${nameOf({ schema: old, name: live.name })}`);
  await session.execute(sql`alter table ${nameOf(live)} set schema ${sql.identifier(old)}`);
  await session.execute(sql`alter table ${nameOf(incoming)} set schema ${sql.identifier(live.schema)}`);

  await moveRecords(session, tables, name, oldName(name));
  await moveRecords(session, tables, nextName(name), name);
  await replaceTracked(session, tables, oldName(name), renamed(before, name, oldName(name)));
  const all = [...before, ...after];
  const horizon = Math.max(...all.flatMap((row) => [row.position, row.horizon])) + 1;
  const token = Math.max(...all.map((row) => row.token)) + 1;
  await replaceTracked(
    session,
    tables,
    name,
    after.map((row) => ({ ...row, horizon, token })),
  );
  await run(session, sql`select ${announceMembers(tables.schema.schemaName)}`, () => undefined);
}

async function waitAtMost(session: Session, milliseconds: number): Promise<void> {
  await run(session, sql`select set_config('lock_timeout', ${`${milliseconds}ms`}, true)`, () => undefined);
}
