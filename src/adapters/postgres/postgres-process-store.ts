import { and, asc, eq, inArray, lte, sql } from 'drizzle-orm';
import type { ProcessChange, ProcessStore } from '../../consumption/process-store.ts';
import type { Database, Session } from './database.ts';
import { defaultSchema, livefoldTables } from './tables.ts';
import { translateError } from './translate-error.ts';

/** Processes and timers in Postgres, beside one application's log. */
export function createPostgresProcessStore(
  { session }: Database,
  schema: string = defaultSchema,
): ProcessStore {
  const { processes, timers, tracking } = livefoldTables(schema);
  const consumer = (manager: string): string => `process:${manager}`;

  async function write(
    transaction: Session,
    manager: string,
    position: number,
    changes: readonly ProcessChange[],
  ): Promise<void> {
    for (const { key, state, schedule, unschedule } of changes) {
      const mine = and(eq(processes.manager, manager), eq(processes.key, key));
      if (state === null) {
        await transaction.delete(processes).where(mine);
        await transaction.delete(timers).where(and(eq(timers.manager, manager), eq(timers.key, key)));
      } else if (state !== undefined) {
        await transaction
          .insert(processes)
          .values({ manager, key, state, position })
          .onConflictDoUpdate({ target: [processes.manager, processes.key], set: { state, position } });
      }
      if (unschedule.length > 0)
        await transaction
          .delete(timers)
          .where(
            and(eq(timers.manager, manager), eq(timers.key, key), inArray(timers.name, [...unschedule])),
          );
      for (const { name, at } of schedule) {
        await transaction
          .insert(timers)
          .values({ manager, key, name, dueAt: at, position })
          .onConflictDoUpdate({
            target: [timers.manager, timers.key, timers.name],
            set: { dueAt: at, position },
          });
      }
    }
  }

  return {
    position: (manager) =>
      guarded(manager, async () => {
        await session
          .insert(tracking)
          .values({ consumer: consumer(manager), position: 0 })
          .onConflictDoNothing();
        const [row] = await session
          .select({ position: tracking.position })
          .from(tracking)
          .where(eq(tracking.consumer, consumer(manager)));
        return row?.position ?? 0;
      }),

    load: (manager, keys) =>
      guarded(manager, async () => {
        const rows = await session
          .select({ key: processes.key, state: processes.state })
          .from(processes)
          .where(and(eq(processes.manager, manager), inArray(processes.key, [...keys])));
        return new Map(rows.map(({ key, state }) => [key, state]));
      }),

    commit: (manager, { after, to, changes }) =>
      guarded(manager, () =>
        session.transaction(async (transaction) => {
          const moved = await transaction
            .update(tracking)
            .set({ position: to })
            .where(and(eq(tracking.consumer, consumer(manager)), eq(tracking.position, after)))
            .returning({ position: tracking.position });
          if (moved.length > 0) await write(transaction, manager, to, changes);
          return moved.length > 0;
        }),
      ),

    due: (manager, now, limit) =>
      guarded(manager, () =>
        session
          .select({ key: timers.key, name: timers.name, at: timers.dueAt })
          .from(timers)
          .where(and(eq(timers.manager, manager), lte(timers.dueAt, now)))
          .orderBy(asc(timers.dueAt))
          .limit(limit),
      ),

    settle: (manager, { key, name, at }, change) =>
      guarded(manager, () =>
        session.transaction(async (transaction) => {
          const taken = await transaction
            .delete(timers)
            .where(
              and(
                eq(timers.manager, manager),
                eq(timers.key, key),
                eq(timers.name, name),
                eq(timers.dueAt, at),
              ),
            )
            .returning({ position: timers.position });
          const [timer] = taken;
          if (timer !== undefined) await write(transaction, manager, timer.position, [change]);
          return timer !== undefined;
        }),
      ),

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
