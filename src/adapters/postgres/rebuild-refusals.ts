import { sql } from 'drizzle-orm';
import { LivefoldError } from '../../kernel/errors.ts';
import type { Session } from './database.ts';
import type { FoundTable } from './found-table.ts';
import { run } from './statement.ts';

/** The same for each of a projection's tables. @throws LivefoldError `REBUILD_REFUSED` */
export async function refuseWhatHangsOnAny(session: Session, tables: readonly FoundTable[]): Promise<void> {
  for (const table of tables) await refuseWhatHangsOn(session, table);
}

/**
 * What hangs on a table besides what is made again for another one of its name: views, foreign keys, triggers, policies,
 * publications. All of it would stay with the old table when that is exchanged.
 *
 * @throws LivefoldError `REBUILD_REFUSED`, naming it
 */
async function refuseWhatHangsOn(session: Session, { oid, schema, name }: FoundTable): Promise<void> {
  // Defaults, checks, not-null and statistics are copied with the columns; keys, unique constraints and indexes made again.
  const statement = sql`with t as (select oid, reltype, relkind, relrowsecurity from pg_class where oid = ${oid}::oid)
    select distinct pg_describe_object(d.classid, d.objid, 0)
    from t join pg_depend d on d.deptype in ('n', 'a') and (
      (d.refclassid = 'pg_class'::regclass and d.refobjid = t.oid)
      or (d.refclassid = 'pg_type'::regclass and d.refobjid in (t.reltype, (select typarray from pg_type where oid = t.reltype))))
    where not (d.classid = 'pg_class'::regclass and exists (select from pg_class c where c.oid = d.objid and c.relkind in ('i', 'S')))
      and not (d.classid = 'pg_constraint'::regclass and exists (select from pg_constraint c where c.oid = d.objid and c.contype in ('p', 'u', 'x', 'c', 'n') and c.conrelid = t.oid))
      and not (d.classid = 'pg_attrdef'::regclass and exists (select from pg_attrdef a where a.oid = d.objid and a.adrelid = t.oid
        and pg_get_expr(a.adbin, a.adrelid) not like 'nextval(%'))
      and d.classid <> 'pg_statistic_ext'::regclass
    union all select 'partitioning or inheritance' from t where t.relkind <> 'r' or exists (select from pg_inherits where inhrelid = t.oid or inhparent = t.oid)
    union all select 'row level security' from t where t.relrowsecurity
    order by 1`;
  const found = await run(session, statement, ([described]) => String(described));
  if (found.length === 0) return;
  throw new LivefoldError(
    'REBUILD_REFUSED',
    `The table "${schema}.${name}" cannot be exchanged for another one, since this hangs on it and would stay behind: ${found.join(', ')}. Drop it, rebuild, and make it again.`,
    { fields: { table: `${schema}.${name}`, found } },
  );
}
