import { type Database, openDatabase } from '../adapters/postgres/database.ts';
import { resolveDatabase } from '../adapters/postgres/engine/resolve-database.ts';
import { migrateDatabase } from '../adapters/postgres/migrate.ts';
import { createPostgresEventStore } from '../adapters/postgres/postgres-event-store.ts';
import { createPostgresProcessStore } from '../adapters/postgres/postgres-process-store.ts';
import {
  createInlineProjector,
  createPostgresReadModels,
} from '../adapters/postgres/postgres-read-models.ts';
import { listenForAppends } from '../adapters/postgres/postgres-wake-up.ts';
import { defaultSchema } from '../adapters/postgres/tables.ts';
import { createExecutor } from '../application/execute.ts';
import { Repository } from '../application/repository.ts';
import { EventLog } from '../consumption/event-log.ts';
import { runProcessManager } from '../consumption/process-runner.ts';
import { type RunningProjection, runProjection } from '../consumption/projection-runner.ts';
import type { Backend } from '../graphql/backend.ts';
import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { type Clock, systemClock } from '../kernel/clock.ts';
import { type Logger, silentLogger } from '../kernel/log.ts';

export type BackendOptions = {
  /** A PostgreSQL server, 15 or newer; Livefold starts one of its own when left out. */
  readonly databaseUrl?: string | undefined;
  /** Where Livefold's own PostgreSQL keeps its data; `.livefold` unless given. */
  readonly dataDirectory?: string;
  /** The Postgres schema of Livefold's own tables: one for each application of a database. */
  readonly schema?: string;
  readonly logger?: Logger;
  readonly clock?: Clock;
};

/** A backend that runs, without a server in front of it. */
export interface RunningBackend extends Backend, AsyncDisposable {
  readonly databaseUrl: string;
  /** The Drizzle database of the application. */
  readonly database: Database;
  /** Rejects when the database does not answer. */
  ping(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a backend: database, migrations, log, projections, process managers, in this order; `stop` ends them in the
 * other. Whatever fails on the way takes down what was started before it.
 */
export async function startBackend(
  definition: BackendDefinition,
  options: BackendOptions = {},
): Promise<RunningBackend> {
  const {
    databaseUrl,
    dataDirectory = '.livefold',
    schema = defaultSchema,
    logger = silentLogger,
    clock = systemClock,
  } = options;
  await using starting = new AsyncDisposableStack();

  const engine = starting.use(
    await resolveDatabase({ databaseUrl, dataDirectory, log: (line) => logger.info({}, line) }),
  );
  await migrateDatabase({ url: engine.url, schema, sets: definition.migrations ?? [] });
  const database = openDatabase(engine.url);
  starting.defer(() => database.close());

  const wakeUp = starting.use(await listenForAppends(engine.url, schema));
  const inline = definition.projections.filter(({ mode }) => mode === 'inline');
  const store = createPostgresEventStore({
    database,
    schema,
    onAppended: (events) => {
      log.offer(events);
      wakeUp.hear(events.at(-1)?.position ?? 0);
    },
    ...(inline.length > 0 ? { inTransaction: createInlineProjector(inline, schema) } : {}),
  });
  const repository = new Repository(store);
  const execute = createExecutor({ store, repository, clock });
  const log = new EventLog(store, { bell: wakeUp.bell });
  const models = createPostgresReadModels(database, schema);

  const runners: RunningProjection[] = [];
  starting.defer(() => stopAll(runners));
  for (const projection of definition.projections)
    runners.push(await runProjection(projection, { log, models, logger }));
  const processStore = createPostgresProcessStore(database, schema);
  const managers = (definition.processManagers ?? []).map((manager) =>
    runProcessManager(manager, { log, store: processStore, execute, clock, logger }),
  );
  starting.defer(() => stopAll(managers));

  const running = starting.move();
  const stop = (): Promise<void> => running.disposeAsync();
  return {
    execute,
    store,
    repository,
    log,
    models,
    projections: new Map(runners.map((runner) => [runner.projection.name, runner])),
    databaseUrl: engine.url,
    database,
    ping: async () => void (await store.head()),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function stopAll(parts: readonly { stop(): Promise<void> }[]): Promise<void> {
  await Promise.all(parts.map((part) => part.stop()));
}
