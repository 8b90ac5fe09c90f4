import type { PreparedEvent } from '../../domain/event.ts';
import { createId } from '../../kernel/ids.ts';
import type { AppendItem, ExpectedVersion } from '../../persistence/event-store.ts';
import { plainArray, rowArray, textArray } from './array-literal.ts';

/** The parameters of the function `append`, in its order. */
export const parameters = [
  ...['stream', 'streamItem', 'streamExpected'],
  ...['event', 'tag', 'command', 'condition', 'forget'],
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

type StreamPlace = { readonly streamOf: number; readonly place: number };

/**
 * A batch as arrays, the rows of one table in one parameter: for the database each parameter costs more than its values.
 * Numbers count from 1; what the columns are says the function.
 */
export function encodeBatch(items: readonly AppendItem[]): Readonly<Record<string, string>> {
  const streams = new Streams();
  const events = items.flatMap((item, index) => item.events.map((event) => ({ event, item: index + 1 })));
  const eventRows = events.map(({ event, item }) => eventRow(event, item, streams.place(event)));
  for (const [index, { expected = [] }] of items.entries())
    for (const one of expected) streams.expect(index + 1, one);
  return {
    stream: textArray(streams.rows.map(({ stream }) => stream)),
    streamItem: plainArray(streams.rows.map(({ item }) => item)),
    streamExpected: plainArray(streams.rows.map(({ expected }) => expected)),
    event: rowArray(eventRows),
    tag: rowArray(events.flatMap(({ event }, index) => uniqueTags(event).map((tag) => [tag, index + 1]))),
    command: rowArray(commandRows(items)),
    condition: rowArray(conditionRows(items)),
    forget: rowArray(forgetRows(items)),
  };
}

function eventRow(event: PreparedEvent, item: number, { streamOf, place }: StreamPlace) {
  const { id, type, schemaVersion, data, occurredAt, correlationId, causationId, actor, tenant, metadata } =
    event;
  const stored = encodeContent(data);
  return [
    ...[item, streamOf, place, id, type, schemaVersion, stored.plain, textArray(uniqueTags(event))],
    ...[occurredAt.toISOString(), correlationId, causationId, actor, tenant],
    ...[metadata === null ? null : JSON.stringify(metadata), stored.sealed],
  ];
}

/** Event data or a snapshot's state, of which one form is set: JSON, or a mapper's bytes in base64, the shortest text that both sides read fast. */
export function encodeContent(content: unknown): {
  readonly plain: string | null;
  readonly sealed: string | null;
} {
  if (!(content instanceof Uint8Array)) return { plain: JSON.stringify(content), sealed: null };
  const { buffer, byteOffset, byteLength } = content;
  return { plain: null, sealed: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
}

function uniqueTags({ tags }: PreparedEvent): readonly string[] {
  return [...new Set(tags)];
}

/** The streams of a batch, each once, so that its head is looked up once; again for each further expectation of it. */
class Streams {
  readonly rows: StreamRow[] = [];
  readonly #numbers = new Map<string, number>();

  /** The number of the event's stream, and the event's place among those of the batch that go there. */
  place({ stream }: PreparedEvent): StreamPlace {
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
    return [[index + 1, command.id, command.fingerprint, events.length === 0 ? null : last, events.length]];
  });
}

function conditionRows(items: readonly AppendItem[]) {
  return items.flatMap(({ condition }, index) =>
    condition === undefined
      ? []
      : [[index + 1, JSON.stringify(condition.query.items), condition.after] as const],
  );
}

function forgetRows(items: readonly AppendItem[]) {
  return items.flatMap(({ forget = [] }, index) => forget.map((subject) => [index + 1, createId(), subject]));
}

/** The function's code for an expected version: the version itself, 0 for no stream, −1 for any events at all. */
function versionCode(version: ExpectedVersion): number {
  if (version === 'noStream') return 0;
  if (version === 'streamExists') return -1;
  // No stream comes to the end of the column's type, so that any version beyond it is as wrong as the last one.
  return Math.min(version, 2 ** 31 - 1);
}
