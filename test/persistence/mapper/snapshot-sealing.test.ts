import { beforeEach, describe, expect, test } from 'vitest';
import { createMapper, type MapperOptions } from '../../../src/persistence/mapper/mapper.ts';
import type { Snapshot } from '../../../src/persistence/snapshot-store.ts';
import { masterKeys, StoredKeys } from './stored-keys.ts';

let store: StoredKeys;
let keys: NonNullable<MapperOptions['keys']>;

beforeEach(() => {
  store = new StoredKeys();
  keys = { store, masterKeys };
});

const state = { since: new Date(0), total: 12n, name: 'Ada', note: 'x'.repeat(500) };

function snapshot(subjects: readonly string[], parts: Partial<Snapshot> = {}): Snapshot {
  return { stream: 'User-1', version: 7, position: 70, schemaVersion: 2, state, subjects, ...parts };
}

describe.each([
  ['plain', (): MapperOptions => ({})],
  ['compressed', (): MapperOptions => ({ compressFrom: 100 })],
  ['encrypted', (): MapperOptions => ({ keys, encrypt: true })],
  ['compressed and encrypted', (): MapperOptions => ({ keys, encrypt: true, compressFrom: 100 })],
])('a %s state of nobody', (_, options) => {
  test('comes back', async () => {
    const stored = await createMapper(options()).encodeSnapshot(snapshot([]));
    expect(await createMapper(options()).decodeSnapshots([stored])).toStrictEqual([snapshot([])]);
  });
});

describe('a state folded from personal data', () => {
  const subjects = ['ada', 'bob', 'eve'];

  test('is under the keys of all its subjects, which are looked up together', async () => {
    const stored = await createMapper({ keys, compressFrom: 100 }).encodeSnapshot(
      snapshot([...subjects, 'ada']),
    );
    expect(Buffer.from(stored.state as Uint8Array).includes('Ada')).toBe(false);
    store.calls.length = 0;
    const [read] = await createMapper({ keys }).decodeSnapshots([stored]);
    expect(read?.state).toStrictEqual(state);
    expect(store.calls).toHaveLength(1);
  });

  test.each(subjects)('cannot be read once %s is forgotten', async (subject) => {
    const stored = await createMapper({ keys }).encodeSnapshot(snapshot(subjects));
    store.destroy(subject);
    await expect(createMapper({ keys }).decodeSnapshots([stored])).rejects.toMatchObject({
      code: 'SUBJECT_FORGOTTEN',
      fields: { subject, stream: 'User-1', version: 7, schemaVersion: 2 },
    });
  });

  test('is read at once while the keys are in memory, and not after they were dropped', async () => {
    const mapper = createMapper({ keys });
    const stored = await mapper.encodeSnapshot(snapshot(subjects));
    expect(mapper.decodeSnapshots([stored])).toMatchObject([{ state }]);
    store.destroy('bob');
    mapper.forget(['bob']);
    await expect(mapper.decodeSnapshots([stored])).rejects.toMatchObject({ code: 'SUBJECT_FORGOTTEN' });
  });

  test('is not stored without keys, nor for one who was forgotten', async () => {
    expect(() => createMapper().encodeSnapshot(snapshot(['ada']))).toThrow(
      expect.objectContaining({
        code: 'KEYS_MISSING',
        fields: expect.objectContaining({ stream: 'User-1' }),
      }),
    );
    await createMapper({ keys }).encodeSnapshot(snapshot(['ada']));
    store.destroy('ada');
    await expect(createMapper({ keys }).encodeSnapshot(snapshot(['ada']))).rejects.toMatchObject({
      code: 'SUBJECT_FORGOTTEN',
    });
  });
});

test.each([{ stream: 'User-2' }, { version: 8 }, { schemaVersion: 3 }])(
  'a sealed state opens nowhere else: %j',
  async (moved) => {
    for (const options of [{ keys }, { keys, encrypt: true }, { compressFrom: 1 }]) {
      const mapper = createMapper(options);
      const subjects = options.encrypt === undefined && options.keys !== undefined ? ['ada'] : [];
      const stored = await mapper.encodeSnapshot(snapshot(subjects));
      expect(stored.state).toBeInstanceOf(Uint8Array);
      expect(() => mapper.decodeSnapshots([{ ...stored, ...moved }])).toThrow(
        expect.objectContaining({ code: 'SEALED_DATA_DAMAGED', fields: expect.objectContaining(moved) }),
      );
    }
  },
);

test('a state that is damaged, or cannot be stored, is told with its stream', () => {
  const mapper = createMapper();
  expect(() => mapper.decodeSnapshots([snapshot([], { state: new Uint8Array(9) })])).toThrow(
    'The snapshot of the stream "User-1", version 7: ',
  );
  expect(() => mapper.encodeSnapshot(snapshot([], { state: { f: () => 1 } }))).toThrow(
    expect.objectContaining({
      code: 'INVALID_VALUE',
      fields: expect.objectContaining({ path: ['f'], version: 7 }),
    }),
  );
});
