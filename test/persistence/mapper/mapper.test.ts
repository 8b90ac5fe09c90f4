import { beforeEach, describe, expect, test } from 'vitest';
import type { PersonalData, PreparedEvent, StoredEvent } from '../../../src/domain/event.ts';
import { createId } from '../../../src/kernel/ids.ts';
import { createMapper, type MapperOptions } from '../../../src/persistence/mapper/mapper.ts';
import { createMasterKey, parseMasterKeys } from '../../../src/persistence/mapper/master-keys.ts';
import { rotateKeys } from '../../../src/persistence/mapper/rotate-keys.ts';
import { seal } from '../../../src/persistence/mapper/sealed-bytes.ts';
import { masterKeys, StoredKeys } from './stored-keys.ts';

let store: StoredKeys;
let keys: NonNullable<MapperOptions['keys']>;

beforeEach(() => {
  store = new StoredKeys();
  keys = { store, masterKeys };
});

let position = 0;

function event(data: unknown, parts: Partial<PreparedEvent> = {}): StoredEvent {
  position += 1;
  return {
    id: createId(),
    stream: 'User-1',
    type: 'UserRegistered',
    schemaVersion: 1,
    data,
    tags: [],
    correlationId: null,
    causationId: null,
    actor: null,
    tenant: null,
    metadata: null,
    occurredAt: new Date(0),
    recordedAt: new Date(0),
    version: 3,
    position,
    ...parts,
  };
}

const ada = 'user:ada';
const bob = 'user:bob';
const ofAda: PersonalData = { subject: ada, erased: { email: 'erased@example.org', born: null } };
const registered = {
  id: 1,
  email: 'ada@example.org',
  born: new Date('1815-12-10T00:00:00.000Z'),
  country: 'GB',
};

/** What a store keeps of events: JSON text, or bytes. */
function kept(stored: readonly StoredEvent[]): readonly StoredEvent[] {
  return stored.map((one) => ({
    ...one,
    data: one.data instanceof Uint8Array ? Uint8Array.from(one.data) : JSON.parse(JSON.stringify(one.data)),
  }));
}

/** The data of the first event, which was sealed. */
function bytesOf([first]: readonly StoredEvent[]): Buffer {
  const data = first?.data;
  return data instanceof Uint8Array ? Buffer.from(data) : expect.fail('It is not sealed.');
}

async function roundTrip(options: MapperOptions, events: readonly StoredEvent[]) {
  const stored = kept(await createMapper(options).encode(events));
  return { stored, read: await createMapper(options).decode(stored) };
}

describe('plain events', () => {
  test('pass as the same array, at once, both ways', () => {
    const events = [event({ a: 1 }), event('text'), event(null)];
    for (const mapper of [createMapper(), createMapper({ keys })]) {
      expect(mapper.encode(events)).toBe(events);
      expect(mapper.decode(events)).toBe(events);
    }
  });

  test('are the same objects beside one that changes, in a new array', () => {
    const events = [event({ a: 1 }), event({ at: new Date(0) })] as const;
    const encoded = createMapper().encode(events) as readonly StoredEvent[];
    expect(encoded[0]).toBe(events[0]);
    expect(encoded[1]?.data).toEqual({ at: { $date: '1970-01-01T00:00:00.000Z' } });
    expect(events[1].data).toEqual({ at: new Date(0) });
  });
});

const text = 'the quick brown fox jumps over the lazy dog; '.repeat(40);
const rich = {
  text,
  at: new Date(5),
  big: 2n ** 70n,
  map: new Map([[1, new Set(['a'])]]),
  nul: 'a\0',
  half: '\ud800',
};

describe.each([
  ['compressed', (): MapperOptions => ({ compressFrom: 100 })],
  ['compressed by zstd', (): MapperOptions => ({ compressFrom: 100, compression: 'zstd' })],
  ['encrypted', (): MapperOptions => ({ keys, encrypt: true })],
  ['compressed and encrypted', (): MapperOptions => ({ keys, encrypt: true, compressFrom: 100 })],
])('%s data', (name, options) => {
  test('comes back, as bytes of which nothing can be read', async () => {
    const events = [event(rich), event(rich, { id: createId().toUpperCase() })];
    const { stored, read } = await roundTrip(options(), events);
    expect(read).toStrictEqual(events);
    for (const { data } of stored) {
      expect(data).toBeInstanceOf(Uint8Array);
      expect(Buffer.from(data as Uint8Array).includes('lazy dog; the quick')).toBe(false);
    }
    expect(bytesOf(stored).length < 300).toBe(name !== 'encrypted');
  });

  test('is read although the store writes the digits of the id in another case', async () => {
    const mapper = createMapper(options());
    const stored = await mapper.encode([event(rich)]);
    const shouted = stored.map((one) => ({ ...one, id: one.id.toUpperCase() }));
    expect((await mapper.decode(shouted))[0]?.data).toStrictEqual(rich);
  });

  test('is read by no other event: not under another id, not under another type', async () => {
    const mapper = createMapper(options());
    const [stored] = await mapper.encode([event(rich)]);
    const sealed = stored ?? expect.fail();
    for (const moved of [
      { ...sealed, id: createId() },
      { ...sealed, type: 'UserRenamed' },
    ])
      expect(() => mapper.decode([moved])).toThrow(expect.objectContaining({ code: 'SEALED_DATA_DAMAGED' }));
  });

  test('that is damaged is told with its event', async () => {
    const mapper = createMapper(options());
    const [stored] = await mapper.encode([event(rich)]);
    const sealed = stored ?? expect.fail();
    const damaged = { ...sealed, data: (sealed.data as Uint8Array).subarray(0, -1) };
    const { id, stream, version, position: at } = sealed;
    expect(() => mapper.decode([event({}), damaged])).toThrow(
      expect.objectContaining({
        code: 'SEALED_DATA_DAMAGED',
        message: expect.stringContaining(
          `The event UserRegistered of the stream "User-1", version 3, position ${at}:`,
        ),
        fields: { type: 'UserRegistered', stream, id, version, position: at },
      }),
    );
  });
});

test('data below the threshold stays JSON, and what compression does not make smaller', () => {
  const mapper = createMapper({ compressFrom: 100 });
  const events = [
    event({ a: 'x'.repeat(80) }),
    event({ a: 'ä'.repeat(44) }),
    event({ n: Math.PI }),
    event('x'.repeat(97)),
  ];
  expect(mapper.encode(events)).toBe(events);
  const encoded = mapper.encode([event('x'.repeat(98)), event('ä'.repeat(49))]) as readonly StoredEvent[];
  for (const { data } of encoded) expect(data).toBeInstanceOf(Uint8Array);
  const random = Buffer.from(Array.from({ length: 90 }, (_, n) => (n * 7_919) % 251)).toString('base64');
  const tough = [event(random)];
  expect(mapper.encode(tough)).toBe(tough);
});

test('sealed data is read by a mapper that would not seal', async () => {
  const stored = await createMapper({ keys, encrypt: true, compressFrom: 10 }).encode([event(rich)]);
  expect((await createMapper({ keys }).decode(stored))[0]?.data).toStrictEqual(rich);
});

test('encrypted data is read under its old key after the keys were rotated', async () => {
  const options = { keys, encrypt: true };
  const before = await createMapper(options).encode([event(rich)]);
  const newKeys = parseMasterKeys(createMasterKey('new'));
  await rotateKeys(store, [newKeys[0], masterKeys[0]]);
  const mapper = createMapper({ keys: { store, masterKeys: newKeys }, encrypt: true });
  const after = await mapper.encode([event(rich)]);
  const ids = [before, after].map((stored) => bytesOf(stored).toString('hex', 2, 18));
  expect(new Set(ids).size).toBe(2);
  for (const { data } of await mapper.decode([...before, ...after])) expect(data).toStrictEqual(rich);
});

describe('personal fields', () => {
  const ofAdaAlone = (): StoredEvent => event(registered, { personal: [ofAda] });

  test('leave the data, which stays JSON that can be queried, and come back with it', async () => {
    const original = ofAdaAlone();
    const { stored, read } = await roundTrip({ keys }, [original]);
    expect(read).toStrictEqual([original]);
    expect(stored[0]).not.toHaveProperty('personal');
    expect(stored[0]?.data).toEqual({
      id: 1,
      country: 'GB',
      $personal: [
        { subject: ada, erased: { email: 'erased@example.org', born: null }, sealed: expect.any(String) },
      ],
    });
    const bytes = Buffer.from(JSON.stringify(stored[0]));
    for (const plain of ['ada@', '1815']) expect(bytes.includes(plain)).toBe(false);
  });

  test('of several people are sealed by the keys of each, looked up together for a whole page', async () => {
    const events = [
      ofAdaAlone(),
      event(
        { from: 'A', to: 'B', sum: '1' },
        {
          personal: [
            { subject: ada, erased: { from: null } },
            { subject: bob, erased: { to: null } },
          ],
        },
      ),
      event({ plain: true }),
    ];
    const { read } = await roundTrip({ keys }, events);
    expect(read).toStrictEqual(events);
    expect(store.calls).toEqual(['add 2', 'find 2']);
  });

  test('read as erased once the subject is forgotten, and are personal no longer', async () => {
    const mail = event(
      { from: 'A', to: 'B' },
      {
        personal: [
          { subject: ada, erased: { from: new Date(0) } },
          { subject: bob, erased: { to: '?' } },
        ],
      },
    );
    const stored = kept(await createMapper({ keys }).encode([ofAdaAlone(), mail]));
    store.destroy(ada);
    const [one, other] = await createMapper({ keys }).decode(stored);
    expect(one?.data).toStrictEqual({ id: 1, country: 'GB', email: 'erased@example.org', born: null });
    expect(one).not.toHaveProperty('personal');
    expect(other?.data).toStrictEqual({ from: new Date(0), to: 'B' });
    expect(other?.personal).toStrictEqual([{ subject: bob, erased: { to: '?' } }]);
  });

  test('of names that are hostile, or absent, come back', async () => {
    const erased = Object.fromEntries([
      ['__proto__', 'x'],
      ['$date', 'y'],
      ['missing', 0],
    ]);
    const data = Object.fromEntries([
      ['__proto__', { deep: 1n }],
      ['$date', 'mine'],
      ['$personal', 'not this'],
      ['rest', 1],
    ]);
    const original = event(data, { personal: [{ subject: ada, erased }] });
    const { read } = await roundTrip({ keys }, [original]);
    expect(Object.entries(read[0]?.data as object).toSorted()).toEqual(Object.entries(data).toSorted());
    expect(read[0]?.personal).toEqual([{ subject: ada, erased }]);
  });

  test('are within data that is encrypted whole, too', async () => {
    const original = ofAdaAlone();
    const { stored, read } = await roundTrip({ keys, encrypt: true }, [original]);
    expect(read).toStrictEqual([original]);
    store.destroy(ada);
    expect((await createMapper({ keys }).decode(stored))[0]?.data).toMatchObject({
      email: 'erased@example.org',
    });
  });

  test('open in no other event and for no other subject', async () => {
    const mapper = createMapper({ keys });
    const [stored] = kept(await mapper.encode([ofAdaAlone()]));
    const { data, ...envelope } = stored ?? expect.fail();
    const [personal] = (data as { $personal: readonly object[] }).$personal;
    const moved = [
      { ...envelope, data, id: createId() },
      { ...envelope, data: { $personal: [{ ...personal, subject: bob }] } },
    ];
    for (const one of moved)
      expect(() => mapper.decode([one])).toThrow(expect.objectContaining({ code: 'SEALED_DATA_DAMAGED' }));
  });

  test('are not taken from bytes that nobody encrypted, though nothing else is wrong with them', () => {
    const forged = event({});
    const content = Buffer.from('{"email":"eve@example.org"}');
    const sealed = seal(content, { belongsTo: JSON.stringify(['personal', forged.id, ada]) });
    const data = {
      $personal: [{ subject: ada, erased: {}, sealed: Buffer.from(sealed).toString('base64') }],
    };
    expect(() => createMapper({ keys }).decode([{ ...forged, data }])).toThrow('is not encrypted');
  });

  test.each([
    [{ $personal: 'x' }],
    [{ $personal: [null] }],
    [{ $personal: [{ subject: ada, erased: {}, sealed: '' }] }],
    [{ $personal: [{ subject: ada, erased: {}, sealed: 'AQA=' }] }],
    [{ $forgets: [1] }],
  ])('%j is damaged', (data) => {
    expect(() => createMapper({ keys }).decode([event(data)])).toThrow(
      expect.objectContaining({
        code: 'SEALED_DATA_DAMAGED',
        fields: expect.objectContaining({ version: 3 }),
      }),
    );
  });

  test.each([
    ['data that is no object', event('text', { personal: [ofAda] }), 'plain object'],
    ['data of a class', event(new Map([['email', 1]]), { personal: [ofAda] }), 'plain object'],
    [
      'a field of two subjects',
      event({ email: 'x' }, { personal: [ofAda, { subject: bob, erased: { email: '' } }] }),
      '"email" is personal to two subjects',
    ],
    [
      'a subject without a name',
      event({}, { personal: [{ subject: '', erased: {} }] }),
      '1 to 255 characters',
    ],
    ['a value that cannot be', event({ email: Number.NaN }, { personal: [ofAda] }), 'email is NaN'],
  ])('are refused with %s', async (_, bad, message) => {
    const refused = (async () => createMapper({ keys }).encode([event({}), bad]))();
    await expect(refused).rejects.toMatchObject({
      code: 'INVALID_VALUE',
      message: expect.stringContaining(message),
      fields: { type: 'UserRegistered', stream: 'User-1' },
    });
  });
});

describe('what an event forgets', () => {
  test('is stored in its data, whatever that is, and comes back', async () => {
    const events = [{ a: 1 }, { $a: 1 }, null, 'text', [1], new Date(0)].map((data) =>
      event(data, { forgets: [ada, bob] }),
    );
    const { stored, read } = await roundTrip({}, events);
    expect(read).toStrictEqual(events);
    expect(stored.map(({ data }) => data)).toEqual([
      { a: 1, $forgets: [ada, bob] },
      { $object: { $a: 1 }, $forgets: [ada, bob] },
      { $value: null, $forgets: [ada, bob] },
      { $value: 'text', $forgets: [ada, bob] },
      { $value: [1], $forgets: [ada, bob] },
      { $date: '1970-01-01T00:00:00.000Z', $forgets: [ada, bob] },
    ]);
    for (const one of stored) expect(one).not.toHaveProperty('forgets');
  });

  test('is known no more by any event of its page', async () => {
    const mapper = createMapper({ keys });
    const events = [event(registered, { personal: [ofAda] }), event({}, { forgets: [ada] })];
    const stored = kept(await mapper.encode(events));
    const [before] = stored.slice(0, 1);
    expect(mapper.decode(before === undefined ? [] : [before])).toMatchObject([{ data: registered }]);
    store.destroy(ada);
    expect(await mapper.decode(stored)).toMatchObject([
      { data: { email: 'erased@example.org' } },
      { forgets: [ada] },
    ]);
  });
});

describe('being told of it:', () => {
  const told: (readonly string[])[] = [];
  const telling = () => createMapper({ keys, onForgotten: (subjects) => told.push(subjects) });

  beforeEach(() => {
    told.length = 0;
  });

  test('by the first one who reads the event, before it is given', () => {
    const mapper = telling();
    const events = [event({}), event({}, { forgets: [ada, bob] })];
    const stored = kept(mapper.encode(events) as readonly StoredEvent[]);
    expect(told).toEqual([]);
    expect(mapper.decode(stored)).toStrictEqual(events);
    expect(mapper.decode(stored)).toStrictEqual(events);
    expect(told).toEqual([[ada, bob]]);
  });

  test('by whoever says it', () => {
    const mapper = telling();
    mapper.forget([]);
    mapper.forget([bob]);
    expect(told).toEqual([[bob]]);
  });

  test('not from a transaction that may be rolled back, and again once it is committed', async () => {
    const mapper = telling();
    const stored = kept(
      await mapper.encode([event(registered, { personal: [ofAda] }), event({}, { forgets: [ada] })]),
    );
    expect(mapper.decode(stored, { isCommitted: false })).toMatchObject([{ data: registered }, {}]);
    expect(told).toEqual([]);
    store.destroy(ada);
    expect(await mapper.decode(stored)).toMatchObject([{ data: { email: 'erased@example.org' } }, {}]);
    expect(told).toEqual([[ada]]);
  });
});

describe('keys', () => {
  test('are wanted for whatever is to be encrypted, or is', async () => {
    const missing = (fields: object = {}) =>
      expect.objectContaining({ code: 'KEYS_MISSING', fields: expect.objectContaining(fields) });
    const mapper = createMapper();
    expect(() => createMapper({ encrypt: true })).toThrow(missing());
    expect(() => mapper.encode([event({}), event(registered, { personal: [ofAda] })])).toThrow(
      missing({ type: 'UserRegistered' }),
    );
    for (const options of [{ keys }, { keys, encrypt: true }]) {
      const stored = await createMapper(options).encode([event(registered, { personal: [ofAda] })]);
      expect(() => mapper.decode(stored)).toThrow(missing({ type: 'UserRegistered', version: 3 }));
    }
  });

  test('that no master key unwraps are told with the event', async () => {
    for (const options of [{ keys }, { keys, encrypt: true }]) {
      const stored = await createMapper(options).encode([event(registered, { personal: [ofAda] })]);
      const wrong = { store, masterKeys: parseMasterKeys(createMasterKey('wrong')) };
      await expect(createMapper({ keys: wrong }).decode(stored)).rejects.toMatchObject({
        code: 'WRONG_MASTER_KEY',
        fields: { masterId: 'test', type: 'UserRegistered', stream: 'User-1', version: 3, position },
      });
    }
  });

  test('that nobody knows are named, with the event', async () => {
    for (const options of [{ keys }, { keys, encrypt: true }]) {
      const stored = await createMapper(options).encode([event(registered, { personal: [ofAda] })]);
      const other = createMapper({ keys: { store: new StoredKeys(), masterKeys } });
      await expect(other.decode(stored)).rejects.toMatchObject({
        code: 'KEY_UNKNOWN',
        message: expect.stringContaining(`position ${position}`),
        fields: { keyId: expect.any(String), type: 'UserRegistered', version: 3 },
      });
    }
  });

  test('of a subject that was forgotten seal nothing new', async () => {
    await createMapper({ keys }).encode([event(registered, { personal: [ofAda] })]);
    store.destroy(ada);
    await expect(
      createMapper({ keys }).encode([event(registered, { personal: [ofAda] })]),
    ).rejects.toMatchObject({
      code: 'SUBJECT_FORGOTTEN',
    });
  });
});
