import { type SQL, sql } from 'drizzle-orm';
import { getTableConfig, type PgTable } from 'drizzle-orm/pg-core';
import { type AnyProjection, tablesOf } from '../../consumption/projection.ts';
import type { Session } from './database.ts';
import { run } from './statement.ts';

/** A table as the database knows it. */
export type FoundTable = { readonly oid: number; readonly schema: string; readonly name: string };

/** Looks a table up as a query would; undefined when there is none. */
async function findTable(session: Session, table: PgTable): Promise<FoundTable | undefined> {
  const { schema, name } = getTableConfig(table);
  const parts = schema === undefined ? [name] : [schema, name];
  const quoted = parts.map((part) => `"${part.replaceAll('"', '""')}"`).join('.');
  const [found] = await run(
    session,
    sql`select c.oid::int8, n.nspname::text, c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass(${quoted})`,
    (row): FoundTable => ({ oid: Number(row[0]), schema: String(row[1]), name: String(row[2]) }),
  );
  return found;
}

/** Those of a projection's tables that are there, its own first. */
export async function findTables(
  session: Session,
  projection: Pick<AnyProjection, 'table' | 'tables'>,
): Promise<readonly FoundTable[]> {
  const found: FoundTable[] = [];
  for (const table of tablesOf(projection)) {
    const one = await findTable(session, table);
    if (one !== undefined) found.push(one);
  }
  return found;
}

/** Its name, with its schema. */
export function nameOf({ schema, name }: Pick<FoundTable, 'schema' | 'name'>): SQL {
  return sql`${sql.identifier(schema)}.${sql.identifier(name)}`;
}
