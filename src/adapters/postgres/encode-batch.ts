import type { PreparedEvent } from '../../domain/event.ts';
import type { AppendItem, ExpectedVersion } from '../../persistence/event-store.ts';
import { plainArray, textArray } from './array-literal.ts';

/** The parameters of the function `append`, in its order. */
export const parameters = [
  ...['stream', 'streamItem', 'streamExpected'],
  ...['item', 'streamOf', 'place', 'id', 'type', 'schemaVersion', 'data', 'tags'],
  ...['correlationId', 'causationId', 'actor', 'tenant', 'metadata', 'occurredAt'],
  ...['tag', 'tagEvent'],
  ...['commandItem', 'commandId', 'commandFingerprint', 'commandLast', 'commandEvents'],
  ...['conditionItem', 'conditionQuery', 'conditionAfter'],
] as const;

/** A stream whose head is looked up, for events that go to it, for what an item expects of it, or for both. */
type StreamRow = {
  readonly stream: string;
  /** The item that expects something and what, in the function's code; `null` for nobody. */
  item: number | null;
  expected: number | null;
  /** The events of the batch that go to it. */
  events: number;
};

/** A batch as arrays, one for each column: Postgres unnests them far faster than it walks JSON. Numbers count from 1. */
export function encodeBatch(items: readonly AppendItem[]): Readonly<Record<string, string>> {
  const streams = new Streams();
  const events = items.flatMap((item) => item.events);
  const places = events.map((event) => streams.place(event));
  for (const [index, { expected = [] }] of items.entries())
    for (const one of expected) streams.expect(index + 1, one);
  const tags = events.map((event) => [...new Set(event.tags)]);
  const commands = commandRows(items);
  const conditions = items.flatMap((item, index) =>
    item.condition === undefined ? [] : [{ item: index + 1, ...item.condition }],
  );
  return {
    stream: textArray(streams.rows.map(({ stream }) => stream)),
    streamItem: plainArray(streams.rows.map(({ item }) => item)),
    streamExpected: plainArray(streams.rows.map(({ expected }) => expected)),
    item: plainArray(items.flatMap(({ events: own }, index) => own.map(() => index + 1))),
    streamOf: plainArray(places.map(({ streamOf }) => streamOf)),
    place: plainArray(places.map(({ place }) => place)),
    id: plainArray(events.map(({ id }) => id)),
    type: textArray(events.map(({ type }) => type)),
    schemaVersion: plainArray(events.map(({ schemaVersion }) => schemaVersion)),
    data: textArray(events.map(({ data }) => JSON.stringify(data))),
    tags: textArray(tags.map(textArray)),
    correlationId: textArray(events.map(({ correlationId }) => correlationId)),
    causationId: textArray(events.map(({ causationId }) => causationId)),
    actor: textArray(events.map(({ actor }) => actor)),
    tenant: textArray(events.map(({ tenant }) => tenant)),
    metadata: textArray(events.map(({ metadata }) => (metadata === null ? null : JSON.stringify(metadata)))),
    occurredAt: plainArray(events.map(({ occurredAt }) => occurredAt.toISOString())),
    tag: textArray(tags.flat()),
    tagEvent: plainArray(tags.flatMap((own, index) => own.map(() => index + 1))),
    commandItem: plainArray(commands.map(({ item }) => item)),
    commandId: textArray(commands.map(({ id }) => id)),
    commandFingerprint: textArray(commands.map(({ fingerprint }) => fingerprint)),
    commandLast: plainArray(commands.map(({ last }) => last)),
    commandEvents: plainArray(commands.map(({ events: count }) => count)),
    conditionItem: plainArray(conditions.map(({ item }) => item)),
    conditionQuery: textArray(conditions.map(({ query }) => JSON.stringify(query.items))),
    conditionAfter: plainArray(conditions.map(({ after }) => after)),
  };
}

/** The streams of a batch, each once, so that its head is looked up once; again for each further expectation of it. */
class Streams {
  readonly rows: StreamRow[] = [];
  readonly #numbers = new Map<string, number>();

  /** The number of the event's stream, and the event's place among those of the batch that go there. */
  place({ stream }: PreparedEvent): { readonly streamOf: number; readonly place: number } {
    const streamOf = this.#numbers.get(stream) ?? this.#add(stream);
    const row = this.rows[streamOf - 1];
    const place = (row?.events ?? 0) + 1;
    if (row !== undefined) row.events = place;
    return { streamOf, place };
  }

  expect(
    item: number,
    { stream, version }: { readonly stream: string; readonly version: ExpectedVersion },
  ): void {
    const known = this.rows[(this.#numbers.get(stream) ?? 0) - 1];
    const row = known?.item === null ? known : this.rows[this.#add(stream) - 1];
    if (row !== undefined) Object.assign(row, { item, expected: versionCode(version) });
  }

  #add(stream: string): number {
    const number = this.rows.push({ stream, item: null, expected: null, events: 0 });
    if (!this.#numbers.has(stream)) this.#numbers.set(stream, number);
    return number;
  }
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
  if (version === 'streamExists') return -1;
  // No stream comes to the end of the column's type, so that any version beyond it is as wrong as the last one.
  return Math.min(version, 2 ** 31 - 1);
}
