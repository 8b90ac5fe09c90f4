import { sql } from 'drizzle-orm';
import type { Position } from '../../persistence/event-store.ts';
import { consumerConflict } from '../../persistence/refusals.ts';
import type { Tracking } from '../../persistence/tracking.ts';
import type { Database, Session } from './database.ts';
import { run } from './statement.ts';
import { defaultSchema, livefoldTables } from './tables.ts';
import { trackedPosition } from './tracked-position.ts';
import { translated } from './translate-error.ts';

/** Positions of consumers in Postgres: the same rows as those of projections and process managers. */
export function createPostgresTracking(
  { session }: Pick<Database, 'session'>,
  schema: string = defaultSchema,
): Tracking<Session> {
  const tables = livefoldTables(schema);
  const { tracking } = tables;

  async function positionOf(on: Session, consumer: string): Promise<Position | null> {
    const query = sql`select ${trackedPosition(tables)} from ${tracking} as t where t.consumer = ${consumer}`;
    const [position = null] = await run(on, query, (row) => Number(row[0]));
    return position;
  }

  return {
    positionOf: (consumer) =>
      translated(`looking up the position of "${consumer}"`, () => positionOf(session, consumer)),

    advance: (consumer, position, { transaction = session } = {}) =>
      translated(`moving "${consumer}" to position ${position}`, async () => {
        const moved = await run(
          transaction,
          sql`insert into ${tracking} as t (consumer, position) values (${consumer}, ${position})
            on conflict (consumer) do update set position = excluded.position where t.position < excluded.position returning true`,
          () => true,
        );
        if (moved.length === 0)
          throw consumerConflict(consumer, position, (await positionOf(transaction, consumer)) ?? position);
      }),
  };
}
