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

/** The function's answer: the position before the batch, each event's version (0 = not stored) and the items refused. */
type Answer = {
  readonly head: number;
  readonly versions: readonly number[] | null;
  readonly refused: Readonly<Record<Refusal, readonly number[] | null>> | null;
};

/** Prepares the one statement that appends, for a pool or for one transaction. */
export function prepareAppend(session: Session, schema: string) {
  const placeholders = sql.join(
    parameters.map((name) => sql.placeholder(name)),
    sql`, `,
  );
  const statement = session
    .select({ head: sql<number>`head`, versions: sql<Answer['versions']>`versions`, refused: sql<Answer['refused']>`refused` })
    .from(sql`${sql.identifier(schema)}.append(${placeholders})`)
    .prepare('livefold_append');
  return async (items: readonly AppendItem[]): Promise<readonly BatchOutcome[]> => {
    const [answer] = await statement.execute(encodeBatch(items));
    return answer === undefined ? [] : outcomesOf(items, answer);
  };
}

/** Positions are dense, so that they follow from the head and from what was stored. */
function outcomesOf(items: readonly AppendItem[], { head, versions, refused }: Answer): readonly BatchOutcome[] {
  let position = head;
  let event = 0;
  return items.map(({ events }, index) => {
    event += events.length;
    const outcome = refused === null ? 'appended' : refusalOf(refused, index + 1);
    if (outcome !== 'appended') return { outcome, position: head, version: null };
    position += events.length;
    return events.length === 0 ? { outcome, position: head, version: null } : { outcome, position, version: versions?.[event - 1] ?? null };
  });
}

function refusalOf(refused: NonNullable<Answer['refused']>, item: number): BatchOutcome['outcome'] {
  if (refused.duplicate?.includes(item)) return 'duplicate';
  if (refused.conflict?.includes(item)) return 'conflict';
  return refused.condition?.includes(item) ? 'condition' : 'appended';
}
