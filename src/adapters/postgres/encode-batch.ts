import type { AppendItem, ExpectedVersion } from '../../persistence/event-store.ts';
import { plainArray, textArray } from './array-literal.ts';

/** The parameters of the function `append`, in its order. */
export const parameters = [
  ...['stream', 'streamItem', 'streamExpected'],
  ...['item', 'streamOf', 'id', 'type', 'schemaVersion', 'data', 'tags'],
  ...['correlationId', 'causationId', 'actor', 'tenant', 'metadata', 'occurredAt'],
  ...['tag', 'tagEvent'],
  ...['commandItem', 'commandId', 'commandFingerprint', 'commandLast', 'commandEvents'],
  ...['conditionItem', 'conditionQuery', 'conditionAfter'],
] as const;

/** A stream whose head is looked up: an item's expectation of it, events that go to it, or both. Numbers count from 1. */
type StreamRow = { readonly stream: string; item: number | null; expected: number | null };

/** A batch as arrays, one for each column: Postgres unnests them far faster than it walks JSON. */
export function encodeBatch(items: readonly AppendItem[]): Readonly<Record<string, string>> {
  const streams = streamRows(items);
  const numbers = new Map(streams.map(({ stream }, index) => [stream, index + 1]));
  const events = items.flatMap((item, index) => item.events.map((event) => ({ ...event, item: index + 1, tags: [...new Set(event.tags)] })));
  const tags = events.flatMap((event, index) => event.tags.map((tag) => ({ tag, event: index + 1 })));
  const commands = commandRows(items);
  const conditions = items.flatMap((item, index) => (item.condition === undefined ? [] : [{ item: index + 1, ...item.condition }]));
  return {
    stream: textArray(streams.map(({ stream }) => stream)),
    streamItem: plainArray(streams.map(({ item }) => item)),
    streamExpected: plainArray(streams.map(({ expected }) => expected)),
    item: plainArray(events.map(({ item }) => item)),
    streamOf: plainArray(events.map(({ stream }) => numbers.get(stream) ?? null)),
    id: plainArray(events.map(({ id }) => id)),
    type: textArray(events.map(({ type }) => type)),
    schemaVersion: plainArray(events.map(({ schemaVersion }) => schemaVersion)),
    data: textArray(events.map(({ data }) => JSON.stringify(data))),
    tags: textArray(events.map((event) => textArray(event.tags))),
    correlationId: textArray(events.map(({ correlationId }) => correlationId)),
    causationId: textArray(events.map(({ causationId }) => causationId)),
    actor: textArray(events.map(({ actor }) => actor)),
    tenant: textArray(events.map(({ tenant }) => tenant)),
    metadata: textArray(events.map(({ metadata }) => (metadata === null ? null : JSON.stringify(metadata)))),
    occurredAt: plainArray(events.map(({ occurredAt }) => occurredAt.toISOString())),
    tag: textArray(tags.map(({ tag }) => tag)),
    tagEvent: plainArray(tags.map(({ event }) => event)),
    commandItem: plainArray(commands.map(({ item }) => item)),
    commandId: textArray(commands.map(({ id }) => id)),
    commandFingerprint: textArray(commands.map(({ fingerprint }) => fingerprint)),
    commandLast: plainArray(commands.map(({ last }) => last)),
    commandEvents: plainArray(commands.map(({ events }) => events)),
    conditionItem: plainArray(conditions.map(({ item }) => item)),
    conditionQuery: textArray(conditions.map(({ query }) => JSON.stringify(query.items))),
    conditionAfter: plainArray(conditions.map(({ after }) => after)),
  };
}

/** Each stream once, so that its head is looked up once; again for each further expectation about it. */
function streamRows(items: readonly AppendItem[]): readonly StreamRow[] {
  const rows: StreamRow[] = [];
  const free = new Map<string, StreamRow>();
  for (const { events } of items) {
    for (const { stream } of events) {
      if (free.has(stream)) continue;
      const row = { stream, item: null, expected: null };
      free.set(stream, row);
      rows.push(row);
    }
  }
  for (const [index, { expected = [] }] of items.entries()) {
    for (const { stream, version } of expected) {
      const row = free.get(stream);
      free.delete(stream);
      const filled = { item: index + 1, expected: versionCode(version) };
      if (row === undefined) rows.push({ stream, ...filled });
      else Object.assign(row, filled);
    }
  }
  return rows;
}

function commandRows(items: readonly AppendItem[]) {
  let last = 0;
  return items.flatMap(({ events, command }, index) => {
    last += events.length;
    if (command === undefined) return [];
    return [{ ...command, item: index + 1, last: events.length === 0 ? null : last, events: events.length }];
  });
}

/** The function's code for an expected version: the version itself, 0 for no stream, −1 for any events at all. */
function versionCode(version: ExpectedVersion): number {
  if (version === 'noStream') return 0;
  return version === 'streamExists' ? -1 : version;
}
