import { type SQL, sql } from 'drizzle-orm';
import type { LivefoldTables } from './tables.ts';

/** The position of the consumer in row `t` of the tracking table: that of its last shard where it has several. */
export function trackedPosition({ tracking }: LivefoldTables): SQL {
  return sql`case t.shards when 1 then t.position else (
    select min(s.position) from ${tracking} as s where starts_with(s.consumer, t.consumer || '#')) end`;
}
