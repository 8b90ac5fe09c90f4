import assert from 'node:assert/strict';
import type { PreparedEvent } from '../../../domain/event.ts';
import { everything } from '../../../domain/query.ts';
import type { EventStore } from '../../../persistence/event-store.ts';
import type { ContractCase } from '../contract-case.ts';
import {
  assertBytes,
  assertRejects,
  idsOf,
  readAll,
  readStream,
  sampleEvent,
  sampleEvents,
} from '../sample-events.ts';

/** What values are kept, and come back as they were. */
export const valueCases: readonly ContractCase<EventStore>[] = [
  { name: 'names have 1 to 255 characters of any script', run: names },
  { name: 'data of every kind that JSON has comes back', run: jsonValues },
  { name: 'bytes come back as the same bytes', run: bytes },
  { name: 'what occurred long ago or far ahead comes back to the millisecond', run: times },
  { name: 'what was given or read may be changed, and what is stored stays', run: notShared },
];

const scripts: readonly string[] = [
  'x',
  'x'.repeat(255),
  '\u{1f600}'.repeat(255),
  '注文-'.repeat(85),
  'заказ',
  'παραγγελία',
  '\u202eطلب',
  'הזמנה',
  'ऑर्डर',
  'คำสั่ง',
  '👩‍👩‍👧‍👦',
  'a\nb\tc',
  '\u0001\u007f\ufffe\uffff',
];

async function names(store: EventStore): Promise<void> {
  for (const name of scripts) {
    const command = { id: name, fingerprint: 'f' };
    await store.append({ events: [sampleEvent({ stream: name, type: name, tags: [name] })], command });
    const [stored] = await readStream(store, name);
    assert.deepEqual([stored?.stream, stored?.type, stored?.tags], [name, name, [name]]);
    assert.deepEqual(await readAll(store, { items: [{ types: [name], tags: [name] }] }), [stored]);
    assert.equal((await store.receiptOf(command))?.stream, name);
  }
  const bad = [
    '',
    'x'.repeat(256),
    '\u{1f600}'.repeat(256),
    'x'.repeat(10_000),
    'a\0b',
    'half \ud83d',
    '\udfff',
  ];
  for (const name of bad) await refuseName(store, name);
  assert.equal(await store.head(), scripts.length);
}

async function refuseName(store: EventStore, name: string): Promise<void> {
  for (const part of [{ stream: name }, { type: name }, { tags: ['good', name] }])
    await assertRejects('INVALID_APPEND', store.append({ events: [sampleEvent(part)] }));
  const events = sampleEvents(1);
  const expected = [{ stream: name, version: 0 }];
  await assertRejects('INVALID_APPEND', store.append({ events, expected }));
  await assertRejects('INVALID_APPEND', store.append({ events, command: { id: name, fingerprint: 'f' } }));
}

async function jsonValues(store: EventStore): Promise<void> {
  const numbers = [0, -1, 0.1, -0.125, 2 ** 53 - 1, 1e21, 1e-7, Number.MAX_VALUE, Number.MIN_VALUE];
  const texts = ['', ' ', 'ä"\\{},\u{1f600}', '\u2028\r\n\t\u0001', '2024-01-01T00:00:00Z', 'null', '\\x00'];
  const strangeKeys = JSON.parse('{"": 1, "__proto__": { "a": [] }, "constructor": 2, "0": 3, "a b": 4}');
  const deep = Array.from({ length: 200 }).reduce<unknown>((inner) => [{ inner }], 'deep');
  const datas = [
    null,
    true,
    false,
    [],
    {},
    [[], [null]],
    ...numbers,
    ...texts,
    numbers,
    texts,
    strangeKeys,
    deep,
  ];
  await store.append({ events: datas.map((data) => sampleEvent({ data })) });
  assert.deepEqual(
    (await readAll(store, everything)).map(({ data }) => data),
    datas,
  );
  // What is undefined is left out, and JSON knows one zero.
  await store.append({ events: [sampleEvent({ stream: 'Loose', data: { left: undefined, zero: -0 } })] });
  assert.deepEqual((await readStream(store, 'Loose'))[0]?.data, { zero: 0 });
}

async function bytes(store: EventStore): Promise<void> {
  const every = Uint8Array.from({ length: 256 }, (_, value) => value);
  // One is a part of a larger buffer.
  const datas = [every, new Uint8Array(), every.subarray(5, 9)];
  const mixed = [...datas, Buffer.from(every), { plain: true }];
  await store.append({ events: mixed.map((data) => sampleEvent({ data })) });
  const found = await readStream(store, 'Sample-1');
  for (const [index, data] of [...datas, every].entries()) {
    assertBytes(found[index]?.data, data);
  }
  assert.deepEqual(found.at(-1)?.data, { plain: true });
}

async function times(store: EventStore): Promise<void> {
  const given = [
    '0001-01-01T00:00:00.000Z',
    '1969-12-31T23:59:59.999Z',
    '2024-02-29T12:34:56.001Z',
    '9999-12-31T23:59:59.999Z',
  ];
  await store.append({ events: given.map((time) => sampleEvent({ occurredAt: new Date(time) })) });
  assert.deepEqual(
    (await readAll(store, everything)).map(({ occurredAt }) => occurredAt.toISOString()),
    given,
  );
}

async function notShared(store: EventStore): Promise<void> {
  const given = { ...sampleEvent(), tags: ['x:1'], data: { list: [1] }, metadata: { a: { b: 1 } } };
  const sealed = sampleEvent({ stream: 'Sealed', data: Uint8Array.of(1, 2, 3) });
  await store.append({ events: [given, sealed] });
  const [first, second] = await readAll(store, everything);
  const before = structuredClone([first, second]);
  for (const event of [given, sealed, first, second]) if (event !== undefined) change(event);
  assert.deepEqual(await readAll(store, everything), before);
  assert.deepEqual(idsOf(await readAll(store, { items: [{ tags: ['x:1'] }] })), [given.id]);
}

/** Changes all that can be changed; what is read may be frozen. */
function change(event: PreparedEvent): void {
  event.occurredAt.setTime(0);
  if (event.data instanceof Uint8Array) event.data.fill(9);
  else Reflect.set(Object(Reflect.get(Object(event.data), 'list')), 0, 'changed');
  Reflect.set(Object(event.metadata?.a), 'b', 'changed');
  Reflect.set(event.tags, 0, 'changed');
  Reflect.set(event, 'type', 'Changed');
  if ('recordedAt' in event && event.recordedAt instanceof Date) event.recordedAt.setTime(0);
}
