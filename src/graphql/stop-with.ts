import type { AggregateLoader } from '../application/repository.ts';
import type { ReadModels } from '../consumption/read-models.ts';
import type { Backend } from './backend.ts';

/** The backend for one operation: what it reads and appends ends when the operation does. */
export function stopWith(backend: Backend, signal: AbortSignal): Backend {
  return {
    ...backend,
    models: stopReading(backend.models, signal),
    store: {
      ...backend.store,
      read: (query, options) => backend.store.read(query, { signal, ...options }),
    },
    repository: stopLoading(backend.repository, signal),
    execute: (command, options) => backend.execute(command, { signal, ...options }),
  };
}

function stopLoading(repository: AggregateLoader, signal: AbortSignal): AggregateLoader {
  return {
    load: (aggregate, id, options) => repository.load(aggregate, id, { signal, ...options }),
    loadFresh: (aggregate, id, options) => repository.loadFresh(aggregate, id, { signal, ...options }),
  };
}

function stopReading(models: ReadModels, signal: AbortSignal): ReadModels {
  return {
    ...models,
    rows: (projection, query) => models.rows(projection, { signal, ...query }),
    snapshot: (projection, query) => models.snapshot(projection, { signal, ...query }),
    find: (projection, keys) => models.find(projection, keys, signal),
    asKept: (projection, rows) => models.asKept(projection, rows, signal),
    changesSince: (projection, after, options) =>
      models.changesSince(projection, after, { signal, ...options }),
  };
}
