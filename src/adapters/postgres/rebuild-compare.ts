import { type SQL, sql } from 'drizzle-orm';
import type { Comparison } from '../../consumption/rebuild/rebuilds.ts';
import type { Session } from './database.ts';
import { type FoundTable, nameOf } from './found-table.ts';
import { run } from './statement.ts';

/** So many keys are given as examples. */
const mostExamples = 5;

/** The column of a projection's own table that tells rows apart, and one that does not count: the position. */
export type RowColumns = { readonly key: string; readonly position: string };

/**
 * Compares all rows of a projection's tables, its own first, with those that are to take their place. Each value counts as the
 * text that it has.
 */
export async function compareTables(
  session: Session,
  before: readonly FoundTable[],
  after: readonly FoundTable[],
  own: RowColumns,
): Promise<Comparison> {
  let sum: Comparison = { equal: 0, different: 0, onlyOld: 0, onlyNew: 0, examples: [] };
  for (const [index, table] of before.entries()) {
    const next = after[index];
    if (next === undefined) continue;
    const isOwn = index === 0;
    const rows = isOwn ? ownRows : furtherRows;
    const one = await compare(
      session,
      sql`${await rows(session, table, own)} as o full join ${await rows(session, next, own)} as n using (key)`,
    );
    const examples = one.examples.map(({ key, is }) => ({ key: isOwn ? key : `${table.name} ${key}`, is }));
    sum = {
      ...{ equal: sum.equal + one.equal, different: sum.different + one.different },
      ...{ onlyOld: sum.onlyOld + one.onlyOld, onlyNew: sum.onlyNew + one.onlyNew },
      examples: [...sum.examples, ...examples].slice(0, mostExamples),
    };
  }
  return sum;
}

async function compare(session: Session, pairs: SQL): Promise<Comparison> {
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
      from ${pairs} where o.t is distinct from n.t order by key limit ${mostExamples}`,
    // What the statement gives.
    ([key, is]) => ({ key: String(key), is: is as 'different' | 'onlyOld' | 'onlyNew' }),
  );
  return { ...counts, examples };
}

async function ownRows(session: Session, table: FoundTable, { key, position }: RowColumns): Promise<SQL> {
  const columns = (await columnsOf(session, table)).filter((name) => name !== position);
  return sql`(select ${sql.identifier(key)} as key, ${textOf(columns)} as t from ${nameOf(table)})`;
}

/** Of a table without a primary key it counts how often each row is there. */
async function furtherRows(session: Session, table: FoundTable): Promise<SQL> {
  const all = textOf(await columnsOf(session, table));
  const keys = await keyColumnsOf(session, table);
  const key = keys.length > 0 ? textOf(keys) : sql`${all} || ' #' || row_number() over (partition by ${all})`;
  return sql`(select ${key} as key, ${all} as t from ${nameOf(table)})`;
}

function columnsOf(session: Session, { oid }: FoundTable): Promise<readonly string[]> {
  return run(
    session,
    sql`select attname::text from pg_attribute where attrelid = ${oid}::oid and attnum > 0 and not attisdropped order by attname`,
    ([name]) => String(name),
  );
}

function keyColumnsOf(session: Session, { oid }: FoundTable): Promise<readonly string[]> {
  return run(
    session,
    sql`select a.attname::text from pg_index i, unnest(i.indkey) with ordinality as k (number, place), pg_attribute a
      where i.indrelid = ${oid}::oid and i.indisprimary and a.attrelid = i.indrelid and a.attnum = k.number order by k.place`,
    ([name]) => String(name),
  );
}

function textOf(columns: readonly string[]): SQL {
  return sql`row(${sql.join(
    columns.map((name) => sql.identifier(name)),
    sql`, `,
  )})::text`;
}
