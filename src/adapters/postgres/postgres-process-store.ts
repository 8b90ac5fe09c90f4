import { and, asc, eq, gt, inArray, type SQL, sql } from 'drizzle-orm';
import type { Lease } from '../../consumption/lease-store.ts';
import type { HeldBack } from '../../consumption/process-fault.ts';
import {
  consumerOf,
  type Process,
  type ProcessBatch,
  type ProcessStore,
  type SettledEvents,
} from '../../consumption/process-store.ts';
import { textArray } from './array-literal.ts';
import type { Database, Session } from './database.ts';
import { storeSettled, storeSkipped } from './settle-key.ts';
import { run } from './statement.ts';
import { defaultSchema, livefoldTables } from './tables.ts';
import { translateError } from './translate-error.ts';
import { writeProcesses } from './write-processes.ts';
import { isHeld } from './write-rows.ts';

/** Processes and timers in Postgres, beside one application's log. */
export function createPostgresProcessStore(
  { session }: Database,
  schema: string = defaultSchema,
): ProcessStore {
  const tables = livefoldTables(schema);
  const { parked, processes, rejections, timers, tracking } = tables;

  /** The manager's row, locked: the lease cannot change hands before what depends on it is committed. */
  function held(manager: string, lease: Lease | undefined): SQL {
    return sql`held as (select from ${tracking} where consumer = ${consumerOf(manager)} and ${isHeld(lease)} for share)`;
  }

  /** Whether a timer's process is not parked: else it waits, as the process's events do. */
  function isFree(manager: string): SQL {
    return sql`not exists (select from ${parked} as k where k.consumer = ${consumerOf(manager)} and k.key = ${timers}.key)`;
  }

  function commitOn(on: Session, manager: string, batch: ProcessBatch): Promise<boolean> {
    const { after, to, lease } = batch;
    const moved = sql`update ${tracking} set position = ${to} where consumer = ${consumerOf(manager)} and position = ${after} and ${isHeld(lease)} returning position`;
    return writeProcesses(on, tables, moved, manager, batch);
  }

  async function settle(
    transaction: Session,
    manager: string,
    { key, action, waiting }: SettledEvents,
    keptBack: readonly HeldBack[],
  ): Promise<void> {
    const name = consumerOf(manager);
    const [first] = waiting;
    if (action === 'skip' && first !== undefined) await storeSkipped(transaction, tables, name, key, first);
    await storeSettled(transaction, tables, name, { key, waiting, keptBack });
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
        const query = sql`
          select k.key, p.state, r.reasons from unnest(${textArray(keys)}::text[]) as k(key)
          left join ${processes} as p on p.manager = ${manager} and p.key = k.key
          left join (select key, json_object_agg(command_id, reason) as reasons from ${rejections} where manager = ${manager} group by key) as r on r.key = k.key
          where p.key is not null or r.key is not null`;
        return new Map(await run(session, query, decodeProcess));
      }),

    commit: (manager, batch) =>
      guarded(manager, async () => {
        const { settled } = batch;
        if (settled === undefined) return commitOn(session, manager, batch);
        return session.transaction(async (transaction) => {
          if (!(await commitOn(transaction, manager, { ...batch, keptBack: [] }))) return false;
          await settle(transaction, manager, settled, batch.keptBack);
          return true;
        });
      }),

    fire: (manager, { after, now, names, limit, lease }) =>
      guarded(manager, async () => {
        // A timer that fires stands one behind what was reacted to; every other one where it was set.
        const query = sql`with ${held(manager, lease)},
          due as (select key, name, due_at from ${timers} where manager = ${manager} and name = any (${textArray(names)}::text[])
            and due_at <= ${now.toISOString()} and ${isFree(manager)} order by due_at, key, name limit ${limit}),
          first as (select distinct on (key) key, name from due order by key, due_at, name),
          fired as (update ${timers} as t set position = ${after + 1}::bigint from first as f
            where t.manager = ${manager} and t.key = f.key and t.name = f.name and exists (select from held)
            returning t.key, t.name, t.due_at)
          select f.key, f.name, (extract(epoch from f.due_at) * 1000)::bigint from held left join fired as f on true order by f.due_at, f.key`;
        const rows = await run(session, query, ([key, name, at]) =>
          key === null ? undefined : { key: String(key), name: String(name), at: new Date(Number(at)) },
        );
        // The row of the lease itself is there as long as the lease is.
        return rows.length === 0 ? null : rows.filter((timer) => timer !== undefined);
      }),

    nextOf: (manager, key, names) =>
      guarded(manager, async () => {
        const [timer] = await session
          .select({ key: timers.key, name: timers.name, at: timers.dueAt })
          .from(timers)
          .where(and(eq(timers.manager, manager), eq(timers.key, key), inArray(timers.name, [...names])))
          .orderBy(asc(timers.dueAt), asc(timers.name))
          .limit(1);
        return timer;
      }),

    firing: (manager, after) =>
      guarded(manager, () =>
        session
          .select({ key: timers.key, name: timers.name, at: timers.dueAt })
          .from(timers)
          .where(and(eq(timers.manager, manager), gt(timers.position, after), isFree(manager)))
          .orderBy(asc(timers.dueAt), asc(timers.key)),
      ),

    nextDue: (manager, names) =>
      guarded(manager, async () => {
        const [row] = await session
          .select({ at: timers.dueAt })
          .from(timers)
          .where(and(eq(timers.manager, manager), inArray(timers.name, [...names]), isFree(manager)))
          .orderBy(asc(timers.dueAt))
          .limit(1);
        return row?.at ?? null;
      }),

    timerNames: (manager) =>
      guarded(manager, async () => {
        const rows = await session
          .selectDistinct({ name: timers.name })
          .from(timers)
          .where(eq(timers.manager, manager));
        return rows.map(({ name }) => name);
      }),

    reject: (manager, { key, commandId, reason }, lease) =>
      guarded(manager, async () => {
        const query = sql`with ${held(manager, lease)},
          kept as (insert into ${rejections} (command_id, manager, key, reason)
            select ${commandId}, ${manager}, ${key}, ${reason} where exists (select from held) on conflict (command_id) do nothing)
          select true from held`;
        return (await run(session, query, () => true)).length > 0;
      }),
  };
}

function decodeProcess([key, state, reasons]: readonly unknown[]): [string, Process] {
  const rejected = new Map(Object.entries(reasons ?? {}).map(([id, reason]) => [id, String(reason)]));
  return [String(key), { state: state ?? undefined, rejected }];
}

async function guarded<Result>(manager: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw translateError(error, `working on the processes of "${manager}"`);
  }
}
