import { type SQL, sql } from 'drizzle-orm';
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
  live: readonly FoundTable[],
): Promise<readonly TrackedRow[]> {
  await waitAtMost(session, writersWait);
  const lockTables = () => session.execute(sql`lock table ${namesOf(live)} in share row exclusive mode`);
  // A batch of folds is one statement, which locks its table as it is planned, and the position as it runs. SQL handlers and
  // inline projections take the position in a statement of its own before.
  const isTableFirst = projection.mode === 'async' && !projection.isSql;
  if (isTableFirst) await lockTables();
  const rows = await lockTracked(session, tables, projection.name);
  if (!isTableFirst) await lockTables();
  return rows;
}

/** The schemas of tables beside those that serve. */
export type Beside = { readonly next: string; readonly old: string };

export const besideOf = (schema: string): Beside => ({ next: `${schema}_next`, old: `${schema}_old` });

export type ExchangeTables = {
  readonly tables: LivefoldTables;
  readonly projection: AnyProjection;
  readonly live: readonly FoundTable[];
  /** What is tracked of it, locked. */
  readonly before: readonly TrackedRow[];
  /** What is to be tracked from now on. */
  readonly after: readonly TrackedRow[];
};

/**
 * Puts the tables in the schema of next ones in the place of those that serve, which go to that of old ones, with all that
 * is kept of both. Nobody resumes from before this moment, and whoever works on the projection has to begin anew.
 */
export async function exchangeTables(
  session: Session,
  { tables, projection: { name }, live, before, after }: ExchangeTables,
): Promise<void> {
  const { next, old } = besideOf(tables.schema.schemaName);
  for (const table of live) await copyRights(session, table, { schema: next, name: table.name });
  await waitAtMost(session, readersWait);
  await session.execute(sql`lock table ${namesOf(live)} in access exclusive mode`);
  for (const table of live) {
    const { schema, name: tableName } = table;
    await session.execute(sql`drop table if exists ${nameOf({ schema: old, name: tableName })}`);
    await session.execute(sql`alter table ${nameOf(table)} set schema ${sql.identifier(old)}`);
    const incoming = nameOf({ schema: next, name: tableName });
    await session.execute(sql`alter table ${incoming} set schema ${sql.identifier(schema)}`);
  }

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

function namesOf(tables: readonly FoundTable[]): SQL {
  return sql.join(tables.map(nameOf), sql`, `);
}

async function waitAtMost(session: Session, milliseconds: number): Promise<void> {
  await run(session, sql`select set_config('lock_timeout', ${`${milliseconds}ms`}, true)`, () => undefined);
}
