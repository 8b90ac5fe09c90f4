import { hostname } from 'node:os';
import type { Database } from '../adapters/postgres/database.ts';
import { createPostgresProcessStore } from '../adapters/postgres/postgres-process-store.ts';
import { defaultSchema } from '../adapters/postgres/tables.ts';
import { createExecutor } from '../application/execute.ts';
import { Repository } from '../application/repository.ts';
import { runChain } from '../consumption/audit/chain-runner.ts';
import { EventLog } from '../consumption/event-log.ts';
import { hearOfForgetting } from '../consumption/hear-of-forgetting.ts';
import { LiveReader } from '../consumption/live-reader.ts';
import { LogWatches } from '../consumption/log-watches.ts';
import { Members } from '../consumption/members.ts';
import { PastRows } from '../consumption/past-rows.ts';
import { runProcessManager } from '../consumption/process-runner.ts';
import { consumerOf } from '../consumption/process-store.ts';
import { type RunningProjection, runProjection } from '../consumption/projection-runner.ts';
import { noticeProjections } from '../consumption/rebuild/notice-projections.ts';
import { EventRegistry } from '../domain/event-registry.ts';
import type { Backend } from '../graphql/backend.ts';
import type { BackendDefinition } from '../graphql/backend-definition.ts';
import type { Bell } from '../kernel/async.ts';
import { type Clock, systemClock } from '../kernel/clock.ts';
import { silentLogger } from '../kernel/log.ts';
import { createTranscoder } from '../persistence/mapper/transcoder.ts';
import { openStorage, type StorageOptions } from './open-storage.ts';

export type BackendOptions = StorageOptions & {
  readonly clock?: Clock;
  /** Keeps a hash chain over the log, so that an audit notices what was changed in the database. */
  readonly chain?: boolean;
  /** Whether this process takes its share of projections and process managers; it does unless `false`: then it only serves. */
  readonly project?: boolean;
};

/** A backend that runs, without a server in front of it. */
export interface RunningBackend extends Backend, AsyncDisposable {
  readonly repository: Repository;
  readonly databaseUrl: string;
  /** The Drizzle database of the application. */
  readonly database: Database;
  /** Rings when a process has revoked tokens. */
  readonly heardOfRevocations: Bell;
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
  const { schema = defaultSchema, logger = silentLogger, clock = systemClock, chain = false } = options;
  await using starting = new AsyncDisposableStack();
  const runners: RunningProjection[] = [];
  const storage = starting.use(
    await openStorage(definition, options, () => {
      repository.clear();
      live.clear();
      past.clear();
      logWatches.forgot();
      for (const { feed } of runners) feed.clear();
    }),
  );
  const { database, databaseUrl, events: store, log, models } = storage;
  const repository = new Repository(store, { snapshots: storage.snapshots, logger });
  const live = new LiveReader({ store, log });
  const past = new PastRows({ store, models });
  const logWatches = new LogWatches(log, logger);
  starting.defer(() => repository.settle());
  const registry = new EventRegistry(definition.events);
  const execute = createExecutor({ store, repository, registry, clock });

  if (chain) {
    const stored = new EventLog(storage.stored.events, {
      bell: storage.wakeUp.bell,
      pageSize: 1_000,
      pages: 2,
    });
    const running = runChain({ log: stored, chain: storage.chain, logger });
    starting.defer(() => running.stop());
  }
  const hearing = await hearOfForgetting({ log, logger });
  starting.defer(() => hearing.stop());
  starting.defer(() => stopAll(runners));
  const members = new Members({
    store: storage.leases,
    news: storage.wakeUp.news,
    name: `${hostname()}:${process.pid}`,
    takesWork: options.project ?? true,
    logger,
    onHead: (head) => storage.wakeUp.hear(head),
  });
  await noticeProjections(definition.projections, { records: storage.records, models, logger });
  for (const projection of definition.projections)
    runners.push(await runProjection(projection, { log, models, logger, members }));
  const processStore = createPostgresProcessStore(database, schema);
  for (const manager of definition.processManagers ?? [])
    runProcessManager(manager, {
      log,
      store: processStore,
      parked: models.parked,
      execute,
      clock,
      logger,
      members,
    });
  starting.defer(() => members.stop());
  await members.start();

  const running = starting.move();
  const stop = (): Promise<void> => running.disposeAsync();
  return {
    execute,
    store,
    repository,
    log,
    logWatches,
    models,
    live,
    past,
    revocations: storage.revocations,
    heardOfRevocations: storage.wakeUp.news.revocations,
    transcoder: createTranscoder(definition.transcodings),
    projections: new Map(runners.map((runner) => [runner.projection.name, runner])),
    processManagers: (definition.processManagers ?? []).map(({ name }) => consumerOf(name)),
    databaseUrl,
    database,
    ping: async () => void (await store.head()),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function stopAll(parts: readonly { stop(): Promise<void> }[]): Promise<void> {
  await Promise.all(parts.map((part) => part.stop()));
}
