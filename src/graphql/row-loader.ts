import type { AnyProjection, StoredRow } from '../consumption/projection.ts';
import type { ReadModels } from '../consumption/read-models.ts';

/** Finds one row by its key; null when there is none. */
export type RowLoader<P extends AnyProjection> = (key: string) => Promise<StoredRow<P> | null>;

/** Loads rows by key, each once however often it is asked for in one go. Nothing is kept. */
export function createRowLoader<P extends AnyProjection>(
  models: Pick<ReadModels, 'find'>,
  projection: P,
): RowLoader<P> {
  let waiting: Map<string, PromiseWithResolvers<StoredRow<P> | null>> = new Map();

  async function flush(): Promise<void> {
    const asked = waiting;
    waiting = new Map();
    try {
      const rows = await models.find(projection, [...asked.keys()]);
      for (const row of rows) asked.get(String(row[projection.keyField]))?.resolve(row);
      for (const { resolve } of asked.values()) resolve(null);
    } catch (error) {
      for (const { reject } of asked.values()) reject(error);
    }
  }

  return (key) => {
    // Behind all that can be asked for without waiting.
    if (waiting.size === 0) queueMicrotask(() => process.nextTick(() => void flush()));
    const known = waiting.get(key);
    if (known !== undefined) return known.promise;
    const deferred = Promise.withResolvers<StoredRow<P> | null>();
    waiting.set(key, deferred);
    return deferred.promise;
  };
}
