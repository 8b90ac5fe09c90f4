import { and, asc, eq, lte, type SQL, sql } from 'drizzle-orm';
import type { Lease } from '../../consumption/lease-store.ts';
import {
  consumerOf,
  type DueTimer,
  type ProcessChange,
  type ProcessStore,
} from '../../consumption/process-store.ts';
import type { Position } from '../../persistence/event-store.ts';
import { textArray } from './array-literal.ts';
import type { Database } from './database.ts';
import { run } from './statement.ts';
import { defaultSchema, livefoldTables } from './tables.ts';
import { translateError } from './translate-error.ts';
import { isHeld } from './write-rows.ts';

/** Processes and timers in Postgres, beside one application's log. */
export function createPostgresProcessStore(
  { session }: Database,
  schema: string = defaultSchema,
): ProcessStore {
  const { processes, timers, tracking } = livefoldTables(schema);

  /** `moved`, the last of some parts, and the changes if that moved: one statement, so one transaction. */
  async function changeIf(
    first: readonly SQL[],
    manager: string,
    position: Position,
    changes: readonly ProcessChange[],
  ): Promise<boolean> {
    const parts = [
      ...first,
      ...[
        store(manager, position, changes),
        end(manager, changes),
        unschedule(manager, changes),
        schedule(manager, position, changes),
      ].filter((part) => part !== undefined),
    ];
    return (
      (await run(session, sql`with ${sql.join(parts, sql`, `)} select true from moved`, () => true)).length >
      0
    );
  }

  function store(manager: string, position: Position, changes: readonly ProcessChange[]): SQL | undefined {
    const kept = changes.filter(({ state }) => state !== undefined && state !== null);
    if (kept.length === 0) return undefined;
    const keys = textArray(kept.map(({ key }) => key));
    const states = textArray(kept.map(({ state }) => JSON.stringify(state)));
    return sql`stored as (insert into ${processes} (manager, key, state, position)
      select ${manager}, r.key, r.state::jsonb, ${position}::bigint from unnest(${keys}::text[], ${states}::text[]) as r(key, state) where exists (select from moved)
      on conflict (manager, key) do update set state = excluded.state, position = excluded.position)`;
  }

  function end(manager: string, changes: readonly ProcessChange[]): SQL | undefined {
    const ended = changes.filter(({ state }) => state === null);
    if (ended.length === 0) return undefined;
    const keys = textArray(ended.map(({ key }) => key));
    const isEnded = sql`manager = ${manager} and key = any (${keys}::text[]) and exists (select from moved)`;
    return sql`ended as (delete from ${processes} where ${isEnded}), silenced as (delete from ${timers} where ${isEnded})`;
  }

  function unschedule(manager: string, changes: readonly ProcessChange[]): SQL | undefined {
    const dropped = changes.flatMap(({ key, state, unschedule: names }) =>
      state === null ? [] : names.map((name) => ({ key, name })),
    );
    if (dropped.length === 0) return undefined;
    const keys = textArray(dropped.map(({ key }) => key));
    const names = textArray(dropped.map(({ name }) => name));
    return sql`dropped as (delete from ${timers} as t using unnest(${keys}::text[], ${names}::text[]) as r(key, name)
      where t.manager = ${manager} and t.key = r.key and t.name = r.name and exists (select from moved))`;
  }

  function schedule(manager: string, position: Position, changes: readonly ProcessChange[]): SQL | undefined {
    const wanted = changes.flatMap(({ key, state, schedule: list }) =>
      state === null ? [] : list.map((timer) => ({ key, ...timer })),
    );
    if (wanted.length === 0) return undefined;
    const keys = textArray(wanted.map(({ key }) => key));
    const names = textArray(wanted.map(({ name }) => name));
    const times = textArray(wanted.map(({ at }) => at.toISOString()));
    return sql`scheduled as (insert into ${timers} (manager, key, name, due_at, position)
      select ${manager}, r.key, r.name, r.at::timestamptz, ${position}::bigint from unnest(${keys}::text[], ${names}::text[], ${times}::text[]) as r(key, name, at) where exists (select from moved)
      on conflict (manager, key, name) do update set due_at = excluded.due_at, position = excluded.position)`;
  }

  /** A timer that sets itself again is moved; any other one that was seen to is gone. */
  function settled(
    manager: string,
    { key, name, at }: DueTimer,
    again: Date | undefined,
    lease: Lease | undefined,
  ): readonly SQL[] {
    // The row is written to, though with what it has: its lock keeps the lease from changing hands before this is committed.
    const held = sql`held as (update ${tracking} set position = position where consumer = ${consumerOf(manager)} and ${isHeld(lease)} returning true)`;
    const isTimer = sql`manager = ${manager} and key = ${key} and name = ${name} and due_at = ${at.toISOString()} and exists (select from held)`;
    const moved =
      again === undefined
        ? sql`delete from ${timers} where ${isTimer} returning position`
        : sql`update ${timers} set due_at = ${again.toISOString()} where ${isTimer} returning position`;
    return [held, sql`moved as (${moved})`];
  }

  return {
    position: (manager) =>
      guarded(manager, async () => {
        await session
          .insert(tracking)
          .values({ consumer: consumerOf(manager), position: 0 })
          .onConflictDoNothing();
        const [row] = await session
          .select({ position: tracking.position })
          .from(tracking)
          .where(eq(tracking.consumer, consumerOf(manager)));
        return row?.position ?? 0;
      }),

    load: (manager, keys) =>
      guarded(manager, async () => {
        const query = sql`select p.key, p.state from unnest(${textArray(keys)}::text[]) as k(key) join ${processes} as p on p.manager = ${manager} and p.key = k.key`;
        return new Map(await run(session, query, ([key, state]): [string, unknown] => [String(key), state]));
      }),

    commit: (manager, { after, to, changes, lease }) =>
      guarded(manager, () =>
        changeIf(
          [
            sql`moved as (update ${tracking} set position = ${to} where consumer = ${consumerOf(manager)} and position = ${after} and ${isHeld(lease)} returning position)`,
          ],
          manager,
          to,
          changes,
        ),
      ),

    due: (manager, now, limit) =>
      guarded(manager, () =>
        session
          .select({ key: timers.key, name: timers.name, at: timers.dueAt, position: timers.position })
          .from(timers)
          .where(and(eq(timers.manager, manager), lte(timers.dueAt, now)))
          .orderBy(asc(timers.dueAt))
          .limit(limit),
      ),

    settle: (manager, timer, change, lease) =>
      guarded(manager, () => {
        const again =
          change.state === null ? undefined : change.schedule.find(({ name }) => name === timer.name)?.at;
        const others = {
          ...change,
          schedule: change.schedule.filter(({ name }) => name !== timer.name),
          unschedule: change.unschedule.filter((name) => name !== timer.name),
        };
        return changeIf(settled(manager, timer, again, lease), manager, timer.position, [others]);
      }),

    nextDue: (manager) =>
      guarded(manager, async () => {
        const [row] = await session
          .select({ at: sql`min(${timers.dueAt})`.mapWith(timers.dueAt) })
          .from(timers)
          .where(eq(timers.manager, manager));
        return row?.at ?? null;
      }),
  };
}

async function guarded<Result>(manager: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw translateError(error, `working on the processes of "${manager}"`);
  }
}
