import { sql } from 'drizzle-orm';
import type { UnitState } from '../../consumption/lease-store.ts';
import { tablesOf } from '../../consumption/projection.ts';
import type { ProjectionRecord, ProjectionRecords } from '../../consumption/rebuild/projection-records.ts';
import { nextName, oldName } from '../../consumption/rebuild/shadow.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import { beginProjection, faultIfTaken } from './arrange-consumers.ts';
import { textArray } from './array-literal.ts';
import type { Database, Session } from './database.ts';
import { findTables } from './found-table.ts';
import { announceMembers } from './postgres-news.ts';
import { dropRecords, isOf, lockTracked, moveRecords, type TrackedRow, unitsOf } from './rebuild-records.ts';
import { run } from './statement.ts';
import { defaultSchema, livefoldTables } from './tables.ts';
import { trackedPosition } from './tracked-position.ts';
import { translated } from './translate-error.ts';

type SeenUnit = {
  readonly owner: string | null;
  readonly state: UnitState | null;
  readonly beyond: number | null;
};

/** What is kept about projections, in Postgres. */
export function createPostgresProjectionRecords(
  { session }: Pick<Database, 'session'>,
  schema: string = defaultSchema,
): ProjectionRecords {
  const tables = livefoldTables(schema);
  const { tracking, members, parked, events } = tables;

  /** What is kept of a projection that no process that is up runs, locked. */
  async function lockIdle(on: Session, name: string, doing: string): Promise<readonly TrackedRow[]> {
    const rows = await lockTracked(on, tables, name);
    if (rows.length === 0)
      throw new LivefoldError('UNKNOWN_PROJECTION', `Nothing is kept about a projection "${name}".`);
    const [member] = await run(
      on,
      sql`select name from ${members} where lease_end > clock_timestamp() and (consumers ? ${name} or consumers ? ${nextName(name)}) limit 1`,
      ([who]) => String(who),
    );
    if (member !== undefined) throw inUse(name, `the process ${member} runs it, so it cannot be ${doing}`);
    return rows;
  }

  async function rename(on: Session, from: string, to: string): Promise<void> {
    await lockIdle(on, from, 'renamed');
    const there = await lockTracked(on, tables, to);
    if (unitsOf(there).some(({ position }) => position > 0))
      throw inUse(to, `it has folded events already, so "${from}" cannot get its name`);
    const token = Math.max(0, ...there.map((row) => row.token)) + 1;
    await run(on, sql`delete from ${tracking} where ${isOf(to)}`, () => undefined);
    for (const nameOf of [(name: string) => name, nextName, oldName]) {
      await moveRecords(on, tables, nameOf(from), nameOf(to));
      await run(
        on,
        sql`update ${tracking} set consumer = ${nameOf(to)} || substr(consumer, ${nameOf(from).length + 1}::int), owner = null, token = token + ${token}
          where ${isOf(nameOf(from))}`,
        () => undefined,
      );
    }
    await run(on, sql`select ${announceMembers(schema)}`, () => undefined);
  }

  async function remove(on: Session, name: string): Promise<void> {
    await lockIdle(on, name, 'removed');
    for (const one of [name, nextName(name), oldName(name)]) {
      await dropRecords(on, tables, one);
      await run(on, sql`delete from ${tracking} where ${isOf(one)}`, () => undefined);
    }
  }

  return {
    list: (names) =>
      translated('looking at the projections', async () => {
        const [head = 0] = await run(
          session,
          sql`select coalesce(max(position), 0) from ${events}`,
          ([position]) => Number(position),
        );
        // What others track under names of their own has no definition.
        const statement = sql`select t.consumer, ${trackedPosition(tables)}, t.definition, t.fault,
            (select count(distinct key) from ${parked} as p where p.consumer = t.consumer),
            (select jsonb_agg(jsonb_build_object('owner', m.name, 'state', m.states -> u.consumer, 'beyond', u.beyond) order by u.consumer)
              from ${tracking} as u left join ${members} as m on m.id = u.owner and m.lease_end > clock_timestamp()
              where case t.shards when 1 then u.consumer = t.consumer else starts_with(u.consumer, t.consumer || '#') end)
          from ${tracking} as t
          where strpos(t.consumer, '#') = 0 and (t.consumer = any (${textArray(names)}::text[]) or t.definition is not null)
          order by t.consumer`;
        const records = await run(
          session,
          statement,
          ([name, position, definition, fault, count, seen]): ProjectionRecord => {
            // What the statement makes.
            const units = (seen ?? []) as readonly SeenUnit[];
            return {
              ...{ name: String(name), position: Number(position), parked: Number(count) },
              definition: definition === null ? null : String(definition),
              fault: fault === null ? null : String(fault),
              beyond: units.find(({ beyond }) => beyond !== null)?.beyond ?? null,
              units: units.map(({ owner, state }) => ({ owner, state })),
            };
          },
        );
        return { head, records };
      }),

    begin: (projection) =>
      translated(`making room for the projection "${projection.name}"`, async () => {
        const { name, fingerprint } = projection;
        await beginProjection(session, tables, projection, { fault: faultIfTaken(projection) });
        await run(
          session,
          sql`update ${tracking} set definition = ${fingerprint} where consumer = ${name} and definition is null`,
          () => undefined,
        );
      }),

    hasTables: (projection) =>
      translated(
        `looking for the tables of "${projection.name}"`,
        async () => (await findTables(session, projection)).length === tablesOf(projection).length,
      ),

    rename: (from, to) =>
      translated(`renaming the projection "${from}"`, () =>
        session.transaction((transaction) => rename(transaction, from, to)),
      ),

    remove: (name) =>
      translated(`removing the projection "${name}"`, () =>
        session.transaction((transaction) => remove(transaction, name)),
      ),
  };
}

function inUse(name: string, why: string): LivefoldError {
  return new LivefoldError('PROJECTION_IN_USE', `The projection "${name}" is in use: ${why}.`, {
    fields: { projection: name },
  });
}
