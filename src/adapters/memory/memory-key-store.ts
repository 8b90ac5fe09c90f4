import type { KeyStore, StoredKey } from '../../persistence/key-store.ts';
import type { MemoryKeys } from './memory-keys.ts';

export function createMemoryKeyStore(keys: MemoryKeys): KeyStore {
  function add(key: StoredKey): StoredKey {
    const known = keys.get(key.id) ?? (key.subject === null ? undefined : keys.of(key.subject)[0]);
    if (known !== undefined) return known;
    keys.put(copy(key));
    return key;
  }

  return {
    async findKeys({ ids = [], subjects = [] }) {
      const found = [...ids.map((id) => keys.get(id)), ...subjects.flatMap((subject) => keys.of(subject))];
      return [...new Set(found)].filter((key) => key !== undefined).map(copy);
    },

    async addKeys(added) {
      return added.map((key) => copy(add(key)));
    },

    async listKeys({ after = '', limit }) {
      return keys
        .all()
        .filter(({ id }) => id > after)
        .slice(0, limit)
        .map(copy);
    },

    async rewrapKeys(rewrapped) {
      for (const { id, masterId, wrapped } of rewrapped) {
        const known = keys.get(id);
        if (known !== undefined && known.wrapped !== null) keys.put(copy({ ...known, masterId, wrapped }));
      }
    },
  };
}

/** Bytes cannot be frozen. */
function copy({ id, subject, masterId, wrapped }: StoredKey): StoredKey {
  return { id, subject, masterId, wrapped: wrapped && Uint8Array.from(wrapped) };
}
