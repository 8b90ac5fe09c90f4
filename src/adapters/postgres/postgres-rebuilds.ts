import { sql } from 'drizzle-orm';
import type { Lease } from '../../consumption/lease-store.ts';
import { type AnyProjection, tablesOf } from '../../consumption/projection.ts';
import type { Rebuilds, Shadow } from '../../consumption/rebuild/rebuilds.ts';
import { nextName, oldName, shadowOf } from '../../consumption/rebuild/shadow.ts';
import { rebuildUnderWay } from '../../consumption/rebuild/under-way.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import { beginProjection, faultIfTaken } from './arrange-consumers.ts';
import type { Database, Session } from './database.ts';
import { type FoundTable, findTables, nameOf } from './found-table.ts';
import { exchangeShadow } from './rebuild-attempt.ts';
import { besideOf } from './rebuild-exchange.ts';
import { dropRecords, isOf, lockTracked, replaceTracked } from './rebuild-records.ts';
import { refuseWhatHangsOnAny } from './rebuild-refusals.ts';
import { whileOthersHoldIt } from './rebuild-retry.ts';
import { rollBack } from './rebuild-rollback.ts';
import { addMissingIndexes, areAlike, createLike } from './rebuild-table.ts';
import { run } from './statement.ts';
import { defaultSchema, livefoldTables } from './tables.ts';
import { translated } from './translate-error.ts';

/** Read tables built beside those that serve, in two schemas of their own: `livefold_next` and `livefold_old`. */
export function createPostgresRebuilds(
  { session }: Pick<Database, 'session'>,
  schema: string = defaultSchema,
): Rebuilds {
  const tables = livefoldTables(schema);
  const { tracking, members } = tables;
  const beside = besideOf(schema);

  async function begin(on: Session, projection: AnyProjection, lease: Lease): Promise<Shadow> {
    const shadow = shadowOf(projection, beside.next);
    const live = await liveTables(on, projection);
    await refuseWhatHangsOnAny(on, live);
    await beginProjection(on, tables, projection, { fault: faultIfTaken(projection) });
    const [row] = await lockTracked(on, tables, shadow.name);
    if (row === undefined || row.owner !== lease.owner || row.token !== lease.token) throw leaseLost(shadow);
    const there = await findTables(on, shadow);
    const isOurs = row.definition === projection.fingerprint;
    if (isOurs && (await areAlike(on, live, there)))
      return { projection: shadow, position: row.position, start: 'resumed' };
    for (const name of Object.values(beside))
      await on.execute(sql`create schema if not exists ${sql.identifier(name)}`);
    for (const table of live) await createLike(on, table, beside.next);
    await dropRecords(on, tables, shadow.name);
    // It knows as much of the log as the one that serves: what was before that began is not for it either.
    const [position = 0] = await run(
      on,
      sql`update ${tracking} as t set position = a.start, start = a.start, definition = ${projection.fingerprint}
        from ${tracking} as a where t.consumer = ${shadow.name} and a.consumer = ${projection.name} returning a.start`,
      ([start]) => Number(start),
    );
    const start = there.length === 0 || row.definition === null ? 'new' : 'anew';
    return { projection: shadow, position, start };
  }

  /** @throws LivefoldError `REBUILD_UNDER_WAY` when a process that is up is at it */
  async function refuseUnderWay(on: Session, { name }: AnyProjection): Promise<void> {
    const [member] = await run(
      on,
      sql`select m.name from ${tracking} as t join ${members} as m on m.id = t.owner and m.lease_end > clock_timestamp()
        where t.consumer = ${nextName(name)} for update of t`,
      ([who]) => String(who),
    );
    if (member !== undefined) throw rebuildUnderWay(name, member);
  }

  async function drop(
    on: Session,
    projection: AnyProjection,
    inSchema: string,
    name: string,
  ): Promise<boolean> {
    const there = await findTables(on, shadowOf(projection, inSchema));
    for (const table of there) await on.execute(sql`drop table ${nameOf(table)}`);
    await dropRecords(on, tables, name);
    await replaceTracked(on, tables, name, []);
    return there.length > 0;
  }

  return {
    begin: (projection, lease) =>
      translated(`beginning to rebuild "${projection.name}"`, () =>
        session.transaction(async (transaction) => {
          // Two who begin at once, with different projections, would both make the schemas.
          await run(
            transaction,
            sql`select pg_advisory_xact_lock(hashtextextended('livefold rebuild', 0))`,
            () => undefined,
          );
          return begin(transaction, projection, lease);
        }),
      ),

    complete: (projection) =>
      translated(`indexing the new table of "${projection.name}"`, async () => {
        for (const table of await liveTables(session, projection)) {
          const next = { schema: beside.next, name: table.name };
          await addMissingIndexes(session, table, next);
          await session.execute(sql`analyze ${nameOf(next)}`);
        }
      }),

    target: (projection) =>
      translated(`looking up "${projection.name}"`, async () => {
        const { events } = tables;
        const [target] = await run(
          session,
          sql`select case when bool_or(beyond is not null or fault is not null) then (select coalesce(max(position), 0) from ${events})
            else least(min(position) filter (where shards = 1), (select coalesce(max(position), 0) from ${events})) end
            from ${tracking} where ${isOf(projection.name)}`,
          ([position]) => Number(position),
        );
        return target ?? 0;
      }),

    exchange: (projection, options) =>
      translated(`exchanging the table of "${projection.name}"`, () =>
        whileOthersHoldIt(projection.name, () =>
          session.transaction(async (transaction) =>
            exchangeShadow(transaction, tables, projection, {
              ...options,
              live: await liveTables(transaction, projection),
            }),
          ),
        ),
      ),

    rollBack: (projection) =>
      translated(`rolling back the table of "${projection.name}"`, () =>
        whileOthersHoldIt(projection.name, () =>
          session.transaction(async (transaction) => {
            await refuseUnderWay(transaction, projection);
            await drop(transaction, projection, beside.next, nextName(projection.name));
            return rollBack(transaction, tables, projection, await liveTables(transaction, projection));
          }),
        ),
      ),

    discard: (projection) =>
      translated(`dropping what rebuilds of "${projection.name}" have left`, () =>
        session.transaction(async (transaction) => {
          await refuseUnderWay(transaction, projection);
          const { name } = projection;
          return {
            old: await drop(transaction, projection, beside.old, oldName(name)),
            unfinished: await drop(transaction, projection, beside.next, nextName(name)),
          };
        }),
      ),

    close: ({ name }) =>
      translated(`ending the rebuild of "${name}"`, async () => {
        await run(
          session,
          sql`delete from ${tracking} where consumer = ${nextName(name)} and definition is null`,
          () => undefined,
        );
      }),
  };
}

/** @throws LivefoldError `REBUILD_REFUSED` where one is not there */
async function liveTables(session: Session, projection: AnyProjection): Promise<readonly FoundTable[]> {
  const live = await findTables(session, projection);
  if (live.length === tablesOf(projection).length) return live;
  throw new LivefoldError(
    'REBUILD_REFUSED',
    `A table of the projection "${projection.name}" is not in this database: make it again with your migrations, empty, then rebuild it.`,
    { fields: { projection: projection.name } },
  );
}

function leaseLost(shadow: AnyProjection): LivefoldError {
  return new LivefoldError('CONCURRENCY_CONFLICT', `Another process works on "${shadow.unit}" now.`);
}
