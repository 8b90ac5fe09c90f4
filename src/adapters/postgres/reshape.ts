import { sql } from 'drizzle-orm';
import { shardsOf, unitOf } from '../../consumption/shards.ts';
import { textArray } from './array-literal.ts';
import type { Session } from './database.ts';
import { run } from './statement.ts';
import type { LivefoldTables } from './tables.ts';

type Row = {
  readonly name: string;
  readonly position: number;
  readonly owner: string | null;
  readonly token: number;
  readonly shards: number;
};

/**
 * Gives a consumer another number of shards, in the caller's transaction. The rows are locked before they are judged: nobody
 * commits to a shard that is about to be gone. The token rises above all there were, so that whoever held one before, and
 * wakes up late, commits nothing.
 */
export async function reshape(
  transaction: Session,
  { tracking }: LivefoldTables,
  {
    member,
    consumer,
    shards,
  }: { readonly member: string; readonly consumer: string; readonly shards: number },
): Promise<boolean> {
  const isPart = sql`(consumer = ${consumer} or starts_with(consumer, ${`${consumer}#`}))`;
  const rows = await run(
    transaction,
    sql`select consumer, position, owner, token, shards from ${tracking} where ${isPart} order by consumer for update`,
    ([name, position, owner, token, count]): Row => ({
      name: String(name),
      position: Number(position),
      owner: owner === null ? null : String(owner),
      token: Number(token),
      shards: Number(count),
    }),
  );
  const anchor = rows.find(({ name }) => name === consumer);
  const units = anchor?.shards === 1 ? [anchor] : rows.filter((row) => row !== anchor);
  const [position, ...others] = new Set(units.map((unit) => unit.position));
  if (position === undefined || others.length > 0) return false;
  if (units.some(({ owner }) => owner !== member)) return false;

  const token = Math.max(...rows.map((row) => row.token)) + 1;
  await run(
    transaction,
    sql`delete from ${tracking} where ${isPart} and consumer <> ${consumer}`,
    () => undefined,
  );
  await run(
    transaction,
    sql`update ${tracking} set shards = ${shards}, position = ${position}, owner = null, token = ${token} where consumer = ${consumer}`,
    () => undefined,
  );
  if (shards === 1) return true;
  const names = textArray(shardsOf(shards).map((shard) => unitOf(consumer, shard)));
  await run(
    transaction,
    sql`insert into ${tracking} (consumer, position, token) select name, ${position}, ${token} from unnest(${names}::text[]) as name`,
    () => undefined,
  );
  return true;
}
