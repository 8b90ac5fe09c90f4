import { sql } from 'drizzle-orm';
import { LivefoldError } from '../../kernel/errors.ts';
import type { Session } from './database.ts';
import { announceMembers } from './postgres-news.ts';
import { run } from './statement.ts';
import type { LivefoldTables } from './tables.ts';

/**
 * Notes why a projection cannot go on, and takes it out of everybody's hands: a shard that has met nothing yet must not go on
 * either. One that has folded nothing so far is left as it is, since its table may just not be made yet.
 */
export async function haltProjection(
  session: Session,
  { tracking, schema }: LivefoldTables,
  name: string,
  fault: string,
): Promise<void> {
  const isPart = sql`(consumer = ${name} or starts_with(consumer, ${`${name}#`}))`;
  const statement = sql`with begun as (select from ${tracking} where ${isPart} and position > 0 limit 1),
      halted as (update ${tracking} set token = token + 1, fault = case consumer when ${name} then ${fault} end
        where ${isPart} and exists (select from begun) returning true)
    select ${announceMembers(schema.schemaName)} from halted limit 1`;
  await run(session, statement, () => undefined);
}

/**
 * An inline projection that cannot go on takes the append with it, which promised its rows with the receipt.
 *
 * @throws LivefoldError `PROJECTION_STOPPED`
 */
export function checkGoesOn({
  consumer,
  fault,
  beyond,
}: {
  readonly consumer: string;
  readonly fault: string | null;
  readonly beyond: number | null;
}): void {
  const why =
    fault ?? (beyond === null ? null : `It has folded more events than the log has had, which is ${beyond}.`);
  if (why === null) return;
  throw new LivefoldError(
    'PROJECTION_STOPPED',
    `The inline projection "${consumer}" stands still, so nothing is appended: ${why}`,
    { fields: { projection: consumer } },
  );
}
