import { sql } from 'drizzle-orm';
import type { AppendItem } from '../../persistence/event-store.ts';
import { plainArray, textArray } from './array-literal.ts';
import type { Session } from './database.ts';

/** What became of one item of a batch. `position` and `version` are its last event's when it was appended. */
export type BatchOutcome = {
  readonly outcome: 'appended' | 'duplicate' | 'conflict' | 'condition';
  readonly position: number;
  readonly version: number | null;
};

type Batch = Readonly<Record<(typeof parameters)[number], string | number>>;

/** The parameters of the function `append`, in its order. */
const parameters = [
  'items',
  ...['item', 'id', 'stream', 'type', 'schemaVersion', 'data', 'tags', 'correlationId', 'causationId', 'actor', 'tenant', 'metadata', 'occurredAt'],
  ...['expectedItem', 'expectedStream', 'expectedVersion'],
  ...['commandItem', 'commandId', 'commandFingerprint'],
  ...['conditionItem', 'conditionQuery', 'conditionAfter'],
] as const;

/** Prepares the one statement that appends, for a pool or for one transaction. */
export function prepareAppend(session: Session, schema: string) {
  const placeholders = sql.join(parameters.map((name) => sql.placeholder(name)), sql`, `);
  const statement = session
    .select({ outcome: sql<BatchOutcome['outcome']>`outcome`, position: sql<number>`position`, version: sql<number | null>`version` })
    .from(sql`${sql.identifier(schema)}.append(${placeholders})`)
    .orderBy(sql`item`)
    .prepare('livefold_append');
  return (items: readonly AppendItem[]): Promise<readonly BatchOutcome[]> => statement.execute(encodeBatch(items));
}

/** A batch as arrays, one for each column: Postgres unnests them far faster than it walks JSON. */
function encodeBatch(items: readonly AppendItem[]): Batch {
  const events = items.flatMap((item, index) => item.events.map((event) => ({ item: index + 1, event })));
  const expected = items.flatMap((item, index) => (item.expected ?? []).map((one) => ({ item: index + 1, ...one })));
  const commands = items.flatMap((item, index) => (item.command === undefined ? [] : [{ item: index + 1, ...item.command }]));
  const conditions = items.flatMap((item, index) => (item.condition === undefined ? [] : [{ item: index + 1, ...item.condition }]));
  return {
    items: items.length,
    item: plainArray(events.map(({ item }) => item)),
    id: plainArray(events.map(({ event }) => event.id)),
    stream: textArray(events.map(({ event }) => event.stream)),
    type: textArray(events.map(({ event }) => event.type)),
    schemaVersion: plainArray(events.map(({ event }) => event.schemaVersion)),
    data: textArray(events.map(({ event }) => JSON.stringify(event.data))),
    tags: textArray(events.map(({ event }) => textArray([...new Set(event.tags)]))),
    correlationId: textArray(events.map(({ event }) => event.correlationId)),
    causationId: textArray(events.map(({ event }) => event.causationId)),
    actor: textArray(events.map(({ event }) => event.actor)),
    tenant: textArray(events.map(({ event }) => event.tenant)),
    metadata: textArray(events.map(({ event }) => (event.metadata === null ? null : JSON.stringify(event.metadata)))),
    occurredAt: plainArray(events.map(({ event }) => event.occurredAt.toISOString())),
    expectedItem: plainArray(expected.map(({ item }) => item)),
    expectedStream: textArray(expected.map(({ stream }) => stream)),
    expectedVersion: plainArray(expected.map(({ version }) => versionCode(version))),
    commandItem: plainArray(commands.map(({ item }) => item)),
    commandId: textArray(commands.map(({ id }) => id)),
    commandFingerprint: textArray(commands.map(({ fingerprint }) => fingerprint)),
    conditionItem: plainArray(conditions.map(({ item }) => item)),
    conditionQuery: textArray(conditions.map(({ query }) => JSON.stringify(query.items))),
    conditionAfter: plainArray(conditions.map(({ after }) => after)),
  };
}

/** The function's code for an expected version: the version itself, 0 for no stream, −1 for any events at all. */
function versionCode(version: number | 'noStream' | 'streamExists'): number {
  if (version === 'noStream') return 0;
  return version === 'streamExists' ? -1 : version;
}
