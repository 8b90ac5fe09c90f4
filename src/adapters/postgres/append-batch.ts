import { sql } from 'drizzle-orm';
import type { PreparedEvent, StoredEvent } from '../../domain/event.ts';
import type { AppendItem, Position } from '../../persistence/event-store.ts';
import { copyJson } from './copy-json.ts';
import type { Session } from './database.ts';
import { encodeBatch, parameters } from './encode-batch.ts';

/** What became of one item of a batch. `position` and `version` are its last event's when it was appended. */
export type BatchOutcome = {
  readonly outcome: 'appended' | Refusal;
  readonly position: number;
  readonly version: number | null;
};

type Refusal = 'duplicate' | 'conflict' | 'condition';

/** What an append of a batch gives: an outcome for each item, and the stored events, made when somebody asks for them. */
export type AppendedBatch = {
  readonly outcomes: readonly BatchOutcome[];
  /** Where the log ended before it. */
  readonly before: Position;
  readonly stored: () => readonly StoredEvent[];
};

/**
 * The function's answer: the log's head and the heads of the batch's streams, both before it, the items refused, and when
 * it was, in milliseconds since 1970.
 */
type Answer = {
  readonly head: number;
  readonly recorded: number;
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
    // In the select list: a function in `from` has its answer put into a store first.
    .select({ answer: sql<Answer>`${sql.identifier(schema)}.append(${placeholders})` })
    .from(sql`(values (1)) as one`)
    .prepare('livefold_append');
  return async (items: readonly AppendItem[]): Promise<AppendedBatch> => {
    const [row] = await statement.execute(encodeBatch(items));
    if (row === undefined) return { outcomes: [], before: 0, stored: () => [] };
    const { answer } = row;
    return {
      outcomes: placeItems(items, answer, () => {}),
      before: answer.head,
      stored: () => storedEvents(items, answer),
    };
  };
}

type Place = { readonly position: number; readonly version: number };

/** Positions and versions are dense, so that they follow from where the log and the streams stood and what was stored. */
function placeItems(
  items: readonly AppendItem[],
  { head, heads, refused }: Answer,
  onPlaced: (event: PreparedEvent, place: Place) => void,
): readonly BatchOutcome[] {
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
    for (const event of events) {
      const version = (versions.get(event.stream) ?? 0) + 1;
      versions.set(event.stream, version);
      position += 1;
      onPlaced(event, { position, version });
    }
    return { outcome, position, version: versions.get(events.at(-1)?.stream ?? '') ?? null };
  });
}

/** The events as a reader finds them: data is what JSON keeps of it, ids are as Postgres writes them, and no tag comes twice. */
function storedEvents(items: readonly AppendItem[], answer: Answer): readonly StoredEvent[] {
  const recordedAt = new Date(Math.round(answer.recorded));
  const stored: StoredEvent[] = [];
  placeItems(items, answer, (event, place) => {
    stored.push({
      ...event,
      ...place,
      id: event.id.toLowerCase(),
      data: copyJson(event.data),
      metadata: copyJson(event.metadata),
      tags: [...new Set(event.tags)],
      occurredAt: new Date(event.occurredAt),
      recordedAt,
    });
  });
  return stored;
}

function outcomeOf(refused: NonNullable<Answer['refused']>, item: number): BatchOutcome['outcome'] {
  if (refused.duplicate.includes(item)) return 'duplicate';
  if (refused.conflict.includes(item)) return 'conflict';
  return refused.condition.includes(item) ? 'condition' : 'appended';
}
