import { createExecutor, type Execute } from '../../application/execute.ts';
import { Repository } from '../../application/repository.ts';
import { EventRegistry } from '../../domain/event-registry.ts';
import type { Bell } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { Persistence } from '../../persistence/persistence.ts';
import type { Application } from './application.ts';
import type { ReadableLog } from './readable-log.ts';

/** Where an application's log is: in a store of this process's, or somewhere that this process reads it from. */
export type Place =
  | {
      readonly persistence: Persistence;
      /** Rings when the log may have grown: `listenForAppends(url).bell`, `persistence.watch().bell`, or memory's own. */
      readonly bell: Bell;
    }
  | { readonly log: ReadableLog };

/** By the application's name. */
export type Places = Readonly<Record<string, Place>>;

/** An application with its log at hand. */
export interface OpenApplication {
  readonly application: Application;
  readonly execute: Execute;
  readonly repository: Repository;
  readonly persistence: Persistence;
}

/** Opens an application on its persistence. */
export function openApplication(
  application: Application,
  persistence: Persistence,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): OpenApplication {
  const { events: store, snapshots } = persistence;
  const repository = new Repository(store, { snapshots, logger });
  const registry = new EventRegistry(application.events);
  return {
    application,
    persistence,
    repository,
    execute: createExecutor({ store, repository, registry, clock }),
  };
}
