import type { KeyStore, StoredKey } from './key-store.ts';

const page = 1_000;

/** Every key of a store, destroyed ones included, in the order of their ids. */
export async function* allKeys(keys: KeyStore): AsyncGenerator<StoredKey> {
  let some = await keys.listKeys({ limit: page });
  while (some.length > 0) {
    yield* some;
    const last = some.at(-1);
    some = last === undefined ? [] : await keys.listKeys({ after: last.id, limit: page });
  }
}
