import { sql } from 'drizzle-orm';
import type { Session } from './database.ts';
import { type FoundTable, nameOf } from './found-table.ts';
import { run } from './statement.ts';

type Named = Pick<FoundTable, 'schema' | 'name'>;

/** Makes an empty table like another, of the same name in another schema, with its primary key, which upserts need. */
export async function createLike(session: Session, model: FoundTable, schema: string): Promise<void> {
  const table = nameOf({ schema, name: model.name });
  const [kind] = await run(
    session,
    sql`select relpersistence::text, coalesce(array_to_string(reloptions, ', '), '') from pg_class where oid = ${model.oid}::oid`,
    ([persistence, options]) => ({ isLogged: persistence !== 'u', options: String(options) }),
  );
  const unlogged = sql.raw(kind?.isLogged === false ? 'unlogged' : '');
  const options = sql.raw(kind === undefined || kind.options === '' ? '' : `with (${kind.options})`);
  await session.execute(sql`drop table if exists ${table}`);
  await session.execute(
    sql`create ${unlogged} table ${table} (like ${nameOf(model)} including all excluding indexes) ${options}`,
  );
  await addConstraints(session, model, { schema, name: model.name }, ['p']);
}

/** Adds the keys, unique constraints and indexes that a table has and the one that is to take its place has not yet. */
export async function addMissingIndexes(session: Session, model: FoundTable, next: Named): Promise<void> {
  await addConstraints(session, model, next, ['p', 'u', 'x']);
  const statement = sql`select pg_get_indexdef(i.indexrelid), quote_ident(${model.schema}) || '.' || quote_ident(${model.name})
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = ${model.oid}::oid and i.indisvalid
      and not exists (select from pg_constraint where conindid = i.indexrelid and contype in ('p', 'u', 'x'))
      and not exists (select from pg_class there join pg_namespace n on n.oid = there.relnamespace
        where there.relname = c.relname and n.nspname = ${next.schema})
    order by c.relname`;
  const missing = await run(session, statement, ([definition, on]) => ({
    definition: String(definition),
    on: String(on),
  }));
  for (const { definition, on } of missing) {
    // Postgres wrote it: the table's name stands once between ON and USING, always with its schema.
    const [before = '', after = ''] = splitOnce(definition, ` ON ${on} USING `);
    await session.execute(sql`${sql.raw(before)} on ${nameOf(next)} using ${sql.raw(after)}`);
  }
}

async function addConstraints(
  session: Session,
  model: FoundTable,
  next: Named,
  kinds: readonly string[],
): Promise<void> {
  const wanted = sql.join(
    kinds.map((kind) => sql`${kind}`),
    sql`, `,
  );
  const statement = sql`select conname::text, pg_get_constraintdef(oid) from pg_constraint k
    where conrelid = ${model.oid}::oid and contype::text in (${wanted})
      and not exists (select from pg_constraint there join pg_class c on c.oid = there.conrelid join pg_namespace n on n.oid = c.relnamespace
        where there.conname = k.conname and c.relname = ${next.name} and n.nspname = ${next.schema})
    order by conname`;
  const missing = await run(session, statement, ([name, definition]) => ({
    name: String(name),
    definition: String(definition),
  }));
  for (const { name, definition } of missing)
    await session.execute(
      sql`alter table ${nameOf(next)} add constraint ${sql.identifier(name)} ${sql.raw(definition)}`,
    );
}

/** Whether there are as many tables of one as of the other, each with the same columns as the one in its place. */
export async function areAlike(
  session: Session,
  some: readonly FoundTable[],
  others: readonly FoundTable[],
): Promise<boolean> {
  if (some.length !== others.length) return false;
  for (const [index, table] of some.entries()) {
    const other = others[index];
    if (other === undefined || !(await haveSameColumns(session, table, other))) return false;
  }
  return true;
}

async function haveSameColumns(session: Session, a: FoundTable, b: FoundTable): Promise<boolean> {
  const columns = (oid: number) =>
    sql`select attname, atttypid, atttypmod, attnotnull, attcollation from pg_attribute where attrelid = ${oid}::oid and attnum > 0 and not attisdropped`;
  const differences = await run(
    session,
    sql`(${columns(a.oid)} except ${columns(b.oid)}) union all (${columns(b.oid)} except ${columns(a.oid)})`,
    () => true,
  );
  return differences.length === 0;
}

/** Gives a table the owner of another, and to others what they may do with that. */
export async function copyRights(session: Session, model: FoundTable, next: Named): Promise<void> {
  const [owner] = await run(
    session,
    sql`select pg_get_userbyid(relowner)::text, relowner = (select oid from pg_roles where rolname = current_user) from pg_class where oid = ${model.oid}::oid`,
    ([name, isMine]) => ({ name: String(name), isMine: isMine === true }),
  );
  if (owner !== undefined && !owner.isMine)
    await session.execute(sql`alter table ${nameOf(next)} owner to ${sql.identifier(owner.name)}`);
  const rights = await run(
    session,
    sql`select a.privilege_type, case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end, a.is_grantable, g.field
      from (select relacl as acl, null as field from pg_class where oid = ${model.oid}::oid
        union all select attacl, quote_ident(attname) from pg_attribute where attrelid = ${model.oid}::oid and not attisdropped) as g,
        aclexplode(g.acl) as a`,
    ([privilege, grantee, isGrantable, field]) => {
      const columns = field === null ? '' : ` (${field})`;
      return {
        what: `${privilege}${columns}`,
        to: `${grantee}${isGrantable === true ? ' with grant option' : ''}`,
      };
    },
  );
  // Both are quoted where they have to be.
  for (const { what, to } of rights)
    await session.execute(sql`grant ${sql.raw(what)} on ${nameOf(next)} to ${sql.raw(to)}`);
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}
