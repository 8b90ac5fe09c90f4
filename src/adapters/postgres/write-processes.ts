import { type SQL, sql } from 'drizzle-orm';
import { consumerOf, type ProcessBatch, type ProcessChange } from '../../consumption/process-store.ts';
import type { Position } from '../../persistence/event-store.ts';
import { textArray } from './array-literal.ts';
import type { Session } from './database.ts';
import { asKept, keepBack } from './keep-back.ts';
import { run } from './statement.ts';
import type { LivefoldTables } from './tables.ts';

/**
 * Moves a process manager, and writes what a batch changed and keeps back if that moved: one statement, so one transaction. `moved`
 * is what has to give a row.
 */
export async function writeProcesses(
  on: Session,
  tables: LivefoldTables,
  moved: SQL,
  manager: string,
  { to: position, changes, keptBack }: Pick<ProcessBatch, 'to' | 'changes' | 'keptBack'>,
): Promise<boolean> {
  const parts = [
    sql`moved as (${moved})`,
    ...[
      store(tables, manager, position, changes),
      end(tables, manager, changes),
      unschedule(tables, manager, changes),
      schedule(tables, manager, position, changes),
      forget(tables, changes),
      keptBack.length === 0
        ? undefined
        : sql`kept as (${keepBack(tables, consumerOf(manager), asKept(keptBack), sql`exists (select from moved)`)})`,
    ].filter((part) => part !== undefined),
  ];
  return (await run(on, sql`with ${sql.join(parts, sql`, `)} select true from moved`, () => true)).length > 0;
}

function store(
  { processes }: LivefoldTables,
  manager: string,
  position: Position,
  changes: readonly ProcessChange[],
): SQL | undefined {
  const kept = changes.filter(({ state }) => state !== undefined && state !== null);
  if (kept.length === 0) return undefined;
  const keys = textArray(kept.map(({ key }) => key));
  const states = textArray(kept.map(({ state }) => JSON.stringify(state)));
  return sql`stored as (insert into ${processes} (manager, key, state, position)
      select ${manager}, r.key, r.state::jsonb, ${position}::bigint from unnest(${keys}::text[], ${states}::text[]) as r(key, state) where exists (select from moved)
      on conflict (manager, key) do update set state = excluded.state, position = excluded.position)`;
}

function end(
  { processes, timers }: LivefoldTables,
  manager: string,
  changes: readonly ProcessChange[],
): SQL | undefined {
  const over = changes.filter(({ state }) => state === null);
  const silent = changes.filter(({ hasEnded }) => hasEnded);
  if (silent.length === 0) return undefined;
  const isOf = (list: readonly ProcessChange[]): SQL =>
    sql`manager = ${manager} and key = any (${textArray(list.map(({ key }) => key))}::text[]) and exists (select from moved)`;
  // One that the next process of the key sets again is moved: no statement may touch a row twice.
  const again = timersOf(silent, ({ schedule: list }) => list.map(({ name }) => name));
  return sql`ended as (delete from ${processes} where ${isOf(over)}),
      silenced as (delete from ${timers} where ${isOf(silent)} and (key, name) not in (select * from ${again} as r))`;
}

function unschedule(
  { timers }: LivefoldTables,
  manager: string,
  changes: readonly ProcessChange[],
): SQL | undefined {
  const kept = changes.filter((change) => !change.hasEnded && change.unschedule.length > 0);
  if (kept.length === 0) return undefined;
  const names = timersOf(kept, (change) => change.unschedule);
  return sql`dropped as (delete from ${timers} as t using ${names} as r(key, name)
      where t.manager = ${manager} and t.key = r.key and t.name = r.name and exists (select from moved))`;
}

/** Keys and names of timers as rows. */
function timersOf(
  changes: readonly ProcessChange[],
  namesOf: (change: ProcessChange) => readonly string[],
): SQL {
  const pairs = changes.flatMap((change) => namesOf(change).map((name) => [change.key, name] as const));
  const keys = textArray(pairs.map(([key]) => key));
  return sql`unnest(${keys}::text[], ${textArray(pairs.map(([, name]) => name))}::text[])`;
}

function schedule(
  { timers }: LivefoldTables,
  manager: string,
  position: Position,
  changes: readonly ProcessChange[],
): SQL | undefined {
  const wanted = changes.flatMap(({ key, schedule: list }) => list.map((timer) => ({ key, ...timer })));
  if (wanted.length === 0) return undefined;
  const keys = textArray(wanted.map(({ key }) => key));
  const names = textArray(wanted.map(({ name }) => name));
  const times = textArray(wanted.map(({ at }) => at.toISOString()));
  return sql`scheduled as (insert into ${timers} (manager, key, name, due_at, position)
      select ${manager}, r.key, r.name, r.at::timestamptz, ${position}::bigint from unnest(${keys}::text[], ${names}::text[], ${times}::text[]) as r(key, name, at) where exists (select from moved)
      on conflict (manager, key, name) do update set due_at = excluded.due_at, position = excluded.position)`;
}

function forget({ rejections }: LivefoldTables, changes: readonly ProcessChange[]): SQL | undefined {
  const ids = changes.flatMap(({ answered }) => answered);
  if (ids.length === 0) return undefined;
  return sql`forgotten as (delete from ${rejections} where command_id = any (${textArray(ids)}::text[]) and exists (select from moved))`;
}
