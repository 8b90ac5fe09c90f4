import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { KeyRing } from '../../../src/persistence/mapper/key-ring.ts';
import { createMasterKey, parseMasterKeys } from '../../../src/persistence/mapper/master-keys.ts';
import { createWrappedKey } from '../../../src/persistence/mapper/sealing-key.ts';
import { masterKeys, StoredKeys } from './stored-keys.ts';

let store: StoredKeys;
let ring: KeyRing;

beforeEach(() => {
  store = new StoredKeys();
  ring = new KeyRing(store, masterKeys);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** As if so many milliseconds had passed. */
function pass(milliseconds: number): void {
  const now = performance.now() + milliseconds;
  vi.spyOn(performance, 'now').mockReturnValue(now);
}

const minute = 60_001;

describe('subjects’ keys', () => {
  test('are made on first use, all that are asked for in one turn in one call', async () => {
    const [both, one] = await Promise.all([ring.subjectKeys(['a', 'b']), ring.subjectKeys(['b'])]);
    expect(store.calls).toEqual(['add 2']);
    expect([...both.keys()]).toEqual(['a', 'b']);
    expect(one.get('b')?.id).toBe(both.get('b')?.id);
    expect(store.keys.map(({ subject }) => subject)).toEqual(['a', 'b']);
  });

  test('are those that another process made first', async () => {
    const other = await new KeyRing(store, masterKeys).subjectKeys(['a']);
    const own = await ring.subjectKeys(['a']);
    expect(own.get('a')?.id).toBe(other.get('a')?.id);
    expect(own.get('a')?.secret.equals(other.get('a')?.secret ?? expect.fail())).toBe(true);
    expect(store.keys).toHaveLength(1);
  });

  test('are there at once the next time, for a minute', async () => {
    await ring.subjectKeys(['a']);
    expect(ring.subjectKeys(['a'])).toBeInstanceOf(Map);
    pass(minute);
    expect(ring.subjectKeys(['a'])).toBeInstanceOf(Promise);
  });

  test('are not given for one who was forgotten, by another process a minute ago or by this one', async () => {
    const forgotten = expect.objectContaining({ code: 'SUBJECT_FORGOTTEN', fields: { subject: 'a' } });
    await ring.subjectKeys(['a', 'b']);
    store.destroy('a');
    expect(ring.subjectKeys(['a'])).toBeInstanceOf(Map);
    ring.drop('a');
    await expect(ring.subjectKeys(['a'])).rejects.toEqual(forgotten);
    expect(() => ring.subjectKeys(['a'])).toThrow(forgotten);
    expect(ring.subjectKeys(['b'])).toBeInstanceOf(Map);

    const other = new KeyRing(store, masterKeys);
    await other.subjectKeys(['b']);
    store.destroy('b');
    pass(minute);
    await expect(other.subjectKeys(['b'])).rejects.toThrow('"b" was forgotten');
  });

  test('of one who is forgotten while they are looked up are not kept', async () => {
    store.meanwhile = () => {
      store.destroy('a');
      ring.drop('a');
    };
    await ring.subjectKeys(['a']);
    store.meanwhile = () => {};
    await expect(ring.subjectKeys(['a'])).rejects.toMatchObject({ code: 'SUBJECT_FORGOTTEN' });
  });

  test('are kept 10,000 at a time, those used last', async () => {
    const first = await ring.subjectKeys(['first', 'second']);
    await ring.subjectKeys(Array.from({ length: 9_998 }, (_, n) => `s ${n}`));
    await ring.findKeys({ ids: [first.get('first')?.id ?? ''] });
    await ring.subjectKeys(['one more']);
    expect(ring.subjectKeys(['first'])).toBeInstanceOf(Map);
    expect(ring.subjectKeys(['second'])).toBeInstanceOf(Promise);
  });
});

describe('looking up', () => {
  test('takes one call for all that is not in memory, and none for what is', async () => {
    const made = await new KeyRing(store, masterKeys).subjectKeys(['a', 'b', 'c']);
    const ids = [...made.values()].map(({ id }) => id);
    store.destroy('b');
    store.calls.length = 0;
    const found = await ring.findKeys({ ids: ids.slice(0, 2), subjects: ['c', 'nobody'] });
    expect(ids.map((id) => found.get(id)?.secret === null)).toEqual([false, true, false]);
    expect(store.calls).toEqual(['find 4']);
    expect(ring.findKeys({ ids })).toBeInstanceOf(Map);
    expect((await ring.findKeys({ ids: ['00000000-0000-7000-8000-000000000000'] })).size).toBe(0);
  });

  test('gives the keys that unwrap, beside one that does not', async () => {
    const [good] = (await new KeyRing(store, masterKeys).subjectKeys(['good'])).values();
    const bad = createWrappedKey('bad', parseMasterKeys(createMasterKey('lost'))[0]);
    store.keys = [...store.keys, bad];
    const found = await ring.findKeys({ subjects: ['good', 'bad'] });
    expect(found.get(good?.id ?? '')?.secret).not.toBeNull();
    expect(found.get(bad.id)).toMatchObject({ secret: null, fault: { code: 'WRONG_MASTER_KEY' } });
  });

  test('names the master key that is missing, or is another one', async () => {
    const lost = parseMasterKeys(createMasterKey('lost'));
    store.keys = [createWrappedKey('a', lost[0])];
    const wrong = { code: 'WRONG_MASTER_KEY', fields: { subject: 'a', masterId: 'lost' } };
    await expect(ring.subjectKeys(['a'])).rejects.toMatchObject(wrong);
    const renamed = new KeyRing(store, parseMasterKeys(createMasterKey('lost')));
    await expect(renamed.subjectKeys(['a'])).rejects.toMatchObject(wrong);
  });

  test('finds that a wrapped key was moved to another subject', async () => {
    await ring.subjectKeys(['a']);
    store.keys = store.keys.map((key) => ({ ...key, subject: 'b' }));
    const other = new KeyRing(store, masterKeys);
    await expect(other.subjectKeys(['b'])).rejects.toMatchObject({ code: 'WRONG_MASTER_KEY' });
  });
});

describe('the data key', () => {
  test('is made once', async () => {
    const [one, other] = await Promise.all([ring.dataKey(), ring.dataKey()]);
    expect(one.id).toBe(other.id);
    expect(store.calls).toEqual(['find 1', 'add 1']);
    expect(ring.dataKey()).toBe(one);
    expect((await new KeyRing(store, masterKeys).dataKey()).id).toBe(one.id);
    expect(store.keys).toHaveLength(1);
  });

  test('is the newest one a minute after another process made that', async () => {
    const old = await ring.dataKey();
    const made = createWrappedKey(null, masterKeys[0]);
    store.keys = [made, ...store.keys];
    expect(ring.dataKey()).toBe(old);
    pass(minute);
    expect((await ring.dataKey()).id).toBe(made.id);
  });

  test('is asked for again after a failure', async () => {
    store.meanwhile = () => {
      throw new Error('The database is gone.');
    };
    await expect(ring.dataKey()).rejects.toThrow('gone');
    store.meanwhile = () => {};
    await expect(ring.dataKey()).resolves.toMatchObject({ subject: null });
  });
});
