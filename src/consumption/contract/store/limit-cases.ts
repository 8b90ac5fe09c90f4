import assert from 'node:assert/strict';
import type { PreparedEvent } from '../../../domain/event.ts';
import { everything } from '../../../domain/query.ts';
import type { EventStore } from '../../../persistence/event-store.ts';
import type { ContractCase } from '../contract-case.ts';
import { assertBytes, assertRejects, readAll, sampleEvent } from '../sample-events.ts';

/** What is refused, and what just is not. `checkAppend` says all of it for any store. */
export const limitCases: readonly ContractCase<EventStore>[] = [
  { name: 'data of 1 MiB is kept, and one byte more is refused', run: largest },
  { name: 'what no store can keep is refused, and nothing of it is stored', run: unstorable },
  { name: 'what only looks like that is kept', run: nearlyUnstorable },
];

const mebibyte = 1024 * 1024;

async function largest(store: EventStore): Promise<void> {
  // The quotes of a text are two bytes of its JSON, and an ä is two.
  const kept = ['x'.repeat(mebibyte - 2), 'ä'.repeat(mebibyte / 2 - 1)];
  await store.append({ events: kept.map((data) => sampleEvent({ data })) });
  const found = await readAll(store, everything);
  assert.ok(kept.every((data, index) => found[index]?.data === data));
  // {"":"…"} is seven bytes.
  const metadata = { '': 'x'.repeat(mebibyte - 7) };
  const bytes = new Uint8Array(mebibyte).fill(0xc3);
  await store.append({ events: [sampleEvent({ metadata, data: bytes })] });
  const [last] = await readAll(store, everything, { after: 2 });
  assertBytes(last?.data, bytes);
  const tooLarge: readonly Partial<PreparedEvent>[] = [
    ...kept.map((data) => ({ data: `${data}x` })),
    { data: new Uint8Array(mebibyte + 1) },
    { metadata: { '': `${metadata['']}x` } },
  ];
  for (const parts of tooLarge)
    await assertRejects('INVALID_APPEND', store.append({ events: [sampleEvent(), sampleEvent(parts)] }));
  assert.equal(await store.head(), 3);
}

async function unstorable(store: EventStore): Promise<void> {
  const itself: Record<string, unknown> = {};
  itself.itself = itself;
  const datas: readonly unknown[] = [
    'a \0',
    { 'key \0': 1 },
    ['\ud800'],
    { text: '\\\\\udfff' },
    { '\udc00': 1 },
    Number.NaN,
    { list: [1, { inner: Number.POSITIVE_INFINITY }] },
    [undefined],
    { date: new Date(0) },
    new Map(),
    { bytes: new Uint8Array() },
    undefined,
    () => 1,
    1n,
    { big: 1n },
    itself,
  ];
  const bad: readonly Partial<PreparedEvent>[] = [
    ...datas.map((data) => ({ data })),
    { metadata: { text: '\0' } },
    { metadata: { number: Number.NaN } },
    { actor: 'a\0' },
    { tenant: '\udfff' },
    { causationId: '\0' },
    { correlationId: '\ud83d' },
    { id: 'no uuid' },
    { schemaVersion: 0 },
    { schemaVersion: 1.5 },
    { schemaVersion: 40_000 },
    { occurredAt: new Date(Number.NaN) },
    { occurredAt: new Date('+012024-01-01T00:00:00Z') },
  ];
  for (const parts of bad) await refuseEvent(store, 'INVALID_APPEND', sampleEvent(parts));
  // What is personal would be kept in plain text, or not at all.
  const marks = [{ personal: [{ subject: 'user:1', erased: { name: '' } }] }, { forgets: ['user:1'] }];
  for (const mark of marks) await refuseEvent(store, 'KEYS_MISSING', sampleEvent(mark));
  assert.equal(await store.head(), 0);
  assert.deepEqual(await readAll(store, everything), []);
}

/** In the midst of good ones, under a command id that is free afterwards. */
async function refuseEvent(store: EventStore, code: string, event: PreparedEvent): Promise<void> {
  const command = { id: 'refused', fingerprint: 'f' };
  const events = [sampleEvent(), event, sampleEvent()];
  await assertRejects(code, store.append({ events, command }));
  assert.equal(await store.receiptOf(command), null);
}

/** Backslashes before a `u`, pairs of surrogates, and null where a number might have been none. */
async function nearlyUnstorable(store: EventStore): Promise<void> {
  const datas = ['\\u0000', '\\\\ud800', '\u{1f600}', { number: null, text: 'null, NaN' }, [null, 1]];
  await store.append({ events: datas.map((data) => sampleEvent({ data })) });
  assert.deepEqual(
    (await readAll(store, everything)).map(({ data }) => data),
    datas,
  );
}
