import assert from 'node:assert/strict';
import type { PreparedEvent, StoredEvent } from '../../domain/event.ts';
import { type Query, streamQuery } from '../../domain/query.ts';
import { isLivefoldError } from '../../kernel/errors.ts';
import { createId } from '../../kernel/ids.ts';
import type { EventStore, ReadOptions } from '../../persistence/event-store.ts';

/** An event that any store takes; `parts` replaces what a case is about. */
export function sampleEvent(parts: Partial<PreparedEvent> = {}): PreparedEvent {
  return {
    id: createId(),
    stream: 'Sample-1',
    type: 'Sampled',
    schemaVersion: 1,
    data: {},
    tags: [],
    correlationId: null,
    causationId: null,
    actor: null,
    tenant: null,
    metadata: null,
    occurredAt: new Date('2024-02-29T12:34:56.789Z'),
    ...parts,
  };
}

/** So many sample events of one stream, with `data.n` counting from 0. */
export function sampleEvents(count: number, parts: Partial<PreparedEvent> = {}): readonly PreparedEvent[] {
  return Array.from({ length: count }, (_, n) => sampleEvent({ data: { n }, ...parts }));
}

/** What a read gives, as a list. */
export async function readAll(
  store: EventStore,
  query: Query,
  options?: ReadOptions,
): Promise<readonly StoredEvent[]> {
  return await Array.fromAsync(store.read(query, options));
}

export function readStream(
  store: EventStore,
  stream: string,
  options?: ReadOptions,
): Promise<readonly StoredEvent[]> {
  return readAll(store, streamQuery(stream), options);
}

export function idsOf(events: readonly { readonly id: string }[]): readonly string[] {
  return events.map(({ id }) => id);
}

/** Passes when the promise rejects with our error of this code. */
export async function assertRejects(code: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    if (!isLivefoldError(error, code)) assert.fail(`Expected an error ${code}, not ${String(error)}`);
    return true;
  });
}

/** Passes when positions are 1, 2, 3, … up to the number of events. */
export function assertDense(events: readonly StoredEvent[]): void {
  const wrong = events.find(({ position }, index) => position !== index + 1);
  assert.equal(wrong?.position, undefined, `position ${wrong?.position} follows on no position before it`);
}

/** Passes when two long lists are equal. The first difference is told: to show all takes `node:assert` minutes. */
export function assertSameList(actual: readonly unknown[], expected: readonly unknown[]): void {
  assert.equal(actual.length, expected.length);
  for (const [index, item] of expected.entries()) assert.deepEqual(actual[index], item, `item ${index}`);
}

/** Passes when both are the same bytes; which kind of `Uint8Array` holds them does not count. */
export function assertBytes(actual: unknown, expected: Uint8Array): void {
  assert.ok(actual instanceof Uint8Array, `${String(actual)} are no bytes`);
  assert.equal(Buffer.compare(actual, expected), 0, 'other bytes came back');
}

/** What became of an append; an error other than a conflict is thrown. */
export async function outcomeOf(promise: Promise<unknown>): Promise<'appended' | 'conflict'> {
  try {
    await promise;
    return 'appended';
  } catch (error) {
    if (isLivefoldError(error, 'CONCURRENCY_CONFLICT')) return 'conflict';
    throw error;
  }
}
