import { sql } from 'drizzle-orm';
import type { AppendItem } from '../../persistence/event-store.ts';
import type { Session } from './database.ts';
import { encodeBatch, parameters } from './encode-batch.ts';

/** What became of one item of a batch. `position` and `version` are its last event's when it was appended. */
export type BatchOutcome = {
  readonly outcome: 'appended' | Refusal;
  readonly position: number;
  readonly version: number | null;
};

type Refusal = 'duplicate' | 'conflict' | 'condition';

/** The function's answer: the log's head and the heads of the batch's streams, both before it, and the items refused. */
type Answer = {
  readonly head: number;
  readonly heads: readonly number[];
  readonly refused: Readonly<Record<Refusal, readonly number[]>> | null;
};

/** Prepares the one statement that appends, for a pool or for one transaction. */
export function prepareAppend(session: Session, schema: string) {
  const placeholders = sql.join(
    parameters.map((name) => sql.placeholder(name)),
    sql`, `,
  );
  const statement = session
    .select({
      head: sql<number>`head`,
      heads: sql<Answer['heads']>`heads`,
      refused: sql<Answer['refused']>`refused`,
    })
    .from(sql`${sql.identifier(schema)}.append(${placeholders})`)
    .prepare('livefold_append');
  return async (items: readonly AppendItem[]): Promise<readonly BatchOutcome[]> => {
    const [answer] = await statement.execute(encodeBatch(items));
    return answer === undefined ? [] : outcomesOf(items, answer);
  };
}

/** Positions and versions are dense, so that they follow from where the log and the streams stood and what was stored. */
function outcomesOf(items: readonly AppendItem[], { head, heads, refused }: Answer): readonly BatchOutcome[] {
  const versions = new Map<string, number>();
  let position = head;
  let added = 0;
  return items.map(({ events }, index) => {
    for (const { stream } of events) {
      if (versions.has(stream)) continue;
      versions.set(stream, heads[added] ?? 0);
      added += 1;
    }
    const outcome = refused === null ? 'appended' : outcomeOf(refused, index + 1);
    if (outcome !== 'appended' || events.length === 0) return { outcome, position: head, version: null };
    for (const { stream } of events) versions.set(stream, (versions.get(stream) ?? 0) + 1);
    position += events.length;
    return { outcome, position, version: versions.get(events.at(-1)?.stream ?? '') ?? null };
  });
}

function outcomeOf(refused: NonNullable<Answer['refused']>, item: number): BatchOutcome['outcome'] {
  if (refused.duplicate.includes(item)) return 'duplicate';
  if (refused.conflict.includes(item)) return 'conflict';
  return refused.condition.includes(item) ? 'condition' : 'appended';
}
