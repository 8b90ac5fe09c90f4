import { type SQL, sql } from 'drizzle-orm';
import type { Comparison } from '../../consumption/rebuild/rebuilds.ts';
import { textArray } from './array-literal.ts';
import type { Session } from './database.ts';
import { type FoundTable, nameOf } from './found-table.ts';
import { run } from './statement.ts';

/** So many keys are given as examples. */
const mostExamples = 5;

export type CompareOptions = {
  /** The columns that tell rows apart, and one that does not count: the position. */
  readonly key: string;
  readonly position: string;
  /** Keys that are left out: one of the tables has not come as far with them as the other. */
  readonly without: readonly string[];
};

/** Compares all rows of two tables with the same columns. Each value counts as the text that it has. */
export async function compareTables(
  session: Session,
  before: FoundTable,
  after: FoundTable,
  options: CompareOptions,
): Promise<Comparison> {
  const pairs = await pairsOf(session, before, after, options);
  const [counts = { equal: 0, different: 0, onlyOld: 0, onlyNew: 0 }] = await run(
    session,
    sql`select count(*) filter (where o.t = n.t), count(*) filter (where o.t <> n.t),
      count(*) filter (where n.t is null), count(*) filter (where o.t is null) from ${pairs}`,
    ([equal, different, onlyOld, onlyNew]) => ({
      ...{ equal: Number(equal), different: Number(different) },
      ...{ onlyOld: Number(onlyOld), onlyNew: Number(onlyNew) },
    }),
  );
  if (counts.different + counts.onlyOld + counts.onlyNew === 0) return { ...counts, examples: [] };
  const examples = await run(
    session,
    sql`select key::text, case when n.t is null then 'onlyOld' when o.t is null then 'onlyNew' else 'different' end
      from ${pairs} and o.t is distinct from n.t order by key limit ${mostExamples}`,
    // What the statement gives.
    ([key, is]) => ({ key: String(key), is: is as 'different' | 'onlyOld' | 'onlyNew' }),
  );
  return { ...counts, examples };
}

async function pairsOf(
  session: Session,
  before: FoundTable,
  after: FoundTable,
  { key, position, without }: CompareOptions,
): Promise<SQL> {
  const columns = await run(
    session,
    sql`select attname::text from pg_attribute where attrelid = ${before.oid}::oid and attnum > 0 and not attisdropped and attname <> ${position} order by attnum`,
    ([name]) => sql`${sql.identifier(String(name))}`,
  );
  const side = (table: FoundTable): SQL =>
    sql`(select ${sql.identifier(key)} as key, row(${sql.join([...columns], sql`, `)})::text as t from ${nameOf(table)})`;
  return sql`${side(before)} as o full join ${side(after)} as n using (key) where key::text <> all (${textArray(without)}::text[])`;
}
