import assert from 'node:assert/strict';
import { isLivefoldError } from '../../../kernel/errors.ts';
import { createId } from '../../../kernel/ids.ts';
import { createMapper, type MapperOptions } from '../../../persistence/mapper/mapper.ts';
import { createMasterKey, parseMasterKeys } from '../../../persistence/mapper/master-keys.ts';
import type { Persistence } from '../../../persistence/persistence.ts';
import type { ContractCase } from '../contract-case.ts';
import { assertRejects, readStream, sampleEvent } from '../sample-events.ts';
import { keysOf, openMapped } from '../sample-mapper.ts';

/** What a mapper puts into a store, and gets out of it again. */
export const mapperCases: readonly ContractCase<Persistence>[] = [
  { name: 'events and snapshots come back plain, compressed, encrypted and both', run: everyForm },
  { name: 'values that JSON lacks come back, nested and of classes of their own', run: richValues },
  { name: 'a wrong key, no key and damaged bytes are told with the event they are about', run: faults },
];

const repeated = 'text that is worth compressing '.repeat(50);

async function everyForm(persistence: Persistence): Promise<void> {
  const forms: Readonly<Record<string, MapperOptions>> = {
    Plain: {},
    Compressed: { compressFrom: 100 },
    Encrypted: { ...keysOf(persistence), encrypt: true },
    Both: { ...keysOf(persistence), encrypt: true, compressFrom: 100, compression: 'zstd' },
  };
  for (const [name, options] of Object.entries(forms)) {
    const stream = `${name}-1`;
    const writer = openMapped(persistence, createMapper(options));
    const datas = [{ repeated }, { short: 1 }, null, 'text'];
    await writer.events.append({ events: datas.map((data) => sampleEvent({ stream, data })) });
    const snapshot = { stream, version: 1, position: 1, schemaVersion: 1, state: { repeated }, subjects: [] };
    await writer.snapshots.save(snapshot);
    // Another process, with nothing in memory. Whatever the form, it is read.
    const reader = openMapped(persistence, createMapper(keysOf(persistence)));
    const read = await readStream(reader.events, stream);
    assert.deepEqual(
      read.map(({ data }) => data),
      datas,
    );
    assert.deepEqual(await reader.snapshots.loadTails([stream]), [
      { stream, snapshot, events: read.slice(1) },
    ]);
    const [stored] = await persistence.snapshots.loadTails([stream]);
    const [first] = await readStream(persistence.events, stream);
    for (const kept of [first?.data, stored?.snapshot?.state])
      assert.equal(kept instanceof Uint8Array, name !== 'Plain', `${name} is stored as ${typeof kept}`);
  }
}

class Money {
  readonly cents: bigint;
  constructor(cents: bigint) {
    this.cents = cents;
  }
}

const money = {
  name: 'money',
  isOne: (value: unknown): value is Money => value instanceof Money,
  encode: ({ cents }: Money) => cents,
  decode: (cents: unknown) => (typeof cents === 'bigint' ? new Money(cents) : assert.fail('no cents')),
};

async function richValues(persistence: Persistence): Promise<void> {
  const { events, snapshots } = openMapped(persistence, createMapper({ transcodings: [money] }));
  const rich = {
    id: createId(),
    at: new Date('2024-02-29T12:34:56.789Z'),
    price: '12345678901234567890.123456789',
    big: -(2n ** 100n),
    bytes: Uint8Array.of(0, 1, 255),
    total: new Money(1_999n),
    map: new Map<unknown, unknown>([
      [{ nested: new Date(0) }, new Set([1n, [new Money(2n)]])],
      ['$date', { $date: 'not a date', $object: {} }],
    ]),
    list: [[new Map()], { deep: { deeper: new Set([new Uint8Array()]) } }],
  };
  const datas = [rich, new Date(1), 7n, new Map([[1, rich]]), { $set: [1] }];
  await events.append({ events: datas.map((data) => sampleEvent({ data })) });
  assert.deepEqual(
    (await readStream(events, 'Sample-1')).map(({ data }) => data),
    datas,
  );
  const snapshot = {
    stream: 'Sample-1',
    version: 5,
    position: 5,
    schemaVersion: 1,
    state: datas,
    subjects: [],
  };
  await snapshots.save(snapshot);
  assert.deepEqual((await snapshots.loadTails(['Sample-1']))[0]?.snapshot, snapshot);
  const unknown = new (class Unknown {})();
  await assertRejects('INVALID_VALUE', events.append({ events: [sampleEvent({ data: { unknown } })] }));
  assert.equal(await persistence.events.head(), datas.length);
}

async function faults(persistence: Persistence): Promise<void> {
  const mapper = createMapper({ ...keysOf(persistence), encrypt: true });
  const [intact] = await mapper.encode([sampleEvent({ data: { repeated } })]);
  assert.ok(intact?.data instanceof Uint8Array);
  const bytes = intact.data;
  const damaged = {
    Truncated: bytes.subarray(0, -1),
    Emptied: new Uint8Array(),
    Flipped: bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1),
    // The id of the key stands in the bytes from the third on.
    Unnamed: bytes.with(5, (bytes[5] ?? 0) ^ 1),
  };
  for (const [type, data] of Object.entries(damaged))
    await persistence.events.append({ events: [sampleEvent({ stream: type, type, data })] });
  await persistence.events.append({ events: [intact] });
  const read = async (stream: string, options: MapperOptions): Promise<unknown> =>
    readStream(openMapped(persistence, createMapper(options)).events, stream);
  for (const type of Object.keys(damaged)) {
    const code = type === 'Unnamed' ? 'KEY_UNKNOWN' : 'SEALED_DATA_DAMAGED';
    await assertTold(code, { type, stream: type, version: 1 }, read(type, keysOf(persistence)));
  }
  const event = { type: 'Sampled', stream: 'Sample-1', version: 1 };
  for (const id of ['current', 'another']) {
    const wrong = keysOf(persistence, parseMasterKeys(createMasterKey(id)));
    await assertTold('WRONG_MASTER_KEY', event, read('Sample-1', wrong));
  }
  await assertTold('KEYS_MISSING', event, read('Sample-1', {}));
}

/** Passes when the promise rejects with our error of this code, and its fields say all this. */
async function assertTold(code: string, fields: object, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    if (!isLivefoldError(error, code)) assert.fail(`Expected an error ${code}, not ${String(error)}`);
    assert.deepEqual({ ...error.fields, ...fields }, error.fields, error.message);
    return true;
  });
}
