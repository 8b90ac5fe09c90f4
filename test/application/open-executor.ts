import { createExecutor, type Execute, type ExecutorOptions } from '../../src/application/execute.ts';
import { Repository } from '../../src/application/repository.ts';
import type { EventStore } from '../../src/persistence/event-store.ts';

/** An executor with a repository of its own, like that of one process. */
export function executorOf(store: EventStore, options: Partial<ExecutorOptions> = {}): Execute {
  return createExecutor({ store, repository: new Repository(store), ...options });
}
