import { expect, test } from 'vitest';
import { KeyRing } from '../../../src/persistence/mapper/key-ring.ts';
import { createMasterKey, parseMasterKeys } from '../../../src/persistence/mapper/master-keys.ts';
import { type KeyCounts, rotateKeys } from '../../../src/persistence/mapper/rotate-keys.ts';
import { StoredKeys } from './stored-keys.ts';

const [oldText, newText] = [createMasterKey('old'), createMasterKey('new')];
const old = parseMasterKeys(oldText);
const both = parseMasterKeys(`${newText},${oldText}`);
const subjects = Array.from({ length: 1_200 }, (_, n) => `user:${n}`);

async function storeOfOldKeys(): Promise<StoredKeys> {
  const store = new StoredKeys();
  const ring = new KeyRing(store, old);
  await ring.dataKey();
  await ring.subjectKeys(subjects);
  store.destroy('user:3');
  return store;
}

test('every key is wrapped by the new master key, page by page, and is the same key', async () => {
  const store = await storeOfOldKeys();
  const before = await new KeyRing(store, old).findKeys({ ids: store.keys.map(({ id }) => id) });
  const progress: KeyCounts[] = [];
  const counts = await rotateKeys(store, both, { onProgress: (one) => progress.push(one) });
  expect(counts).toEqual({ keys: 1_201, rewrapped: 1_200, destroyed: 1 });
  expect(progress.map(({ keys }) => keys)).toEqual([500, 1_000, 1_201]);
  const after = await new KeyRing(store, parseMasterKeys(newText)).findKeys({ ids: [...before.keys()] });
  for (const [id, { secret }] of before)
    expect(secret === null ? after.get(id)?.secret === null : after.get(id)?.secret?.equals(secret)).toBe(
      true,
    );
});

test('a new data key seals from then on', async () => {
  const store = await storeOfOldKeys();
  const before = await new KeyRing(store, old).dataKey();
  await rotateKeys(store, both);
  const after = await new KeyRing(store, both).dataKey();
  expect(after.id > before.id).toBe(true);
  expect(store.keys.find(({ id }) => id === after.id)?.masterId).toBe('new');
});

test('a run that was stopped is done by the next one', async () => {
  const store = await storeOfOldKeys();
  const stopping = new AbortController();
  const stopped = rotateKeys(store, both, { signal: stopping.signal, onProgress: () => stopping.abort() });
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
  expect(store.keys.filter(({ masterId }) => masterId === 'new')).toHaveLength(499);
  expect(await rotateKeys(store, both)).toEqual({ keys: 1_201, rewrapped: 701, destroyed: 1 });
  expect(await rotateKeys(store, both)).toEqual({ keys: 1_202, rewrapped: 0, destroyed: 1 });
});

test('without the old master key nothing is changed', async () => {
  const store = await storeOfOldKeys();
  const before = store.keys;
  await expect(rotateKeys(store, parseMasterKeys(newText))).rejects.toMatchObject({
    code: 'WRONG_MASTER_KEY',
    fields: { masterId: 'old' },
  });
  expect(store.keys).toBe(before);
});
