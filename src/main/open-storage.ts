import { type Database, openDatabase, type Session } from '../adapters/postgres/database.ts';
import { resolveDatabase } from '../adapters/postgres/engine/resolve-database.ts';
import { migrateDatabase } from '../adapters/postgres/migrate.ts';
import { createPostgresChain } from '../adapters/postgres/postgres-chain.ts';
import { createPostgresLeaseStore } from '../adapters/postgres/postgres-lease-store.ts';
import { createPostgresPersistence } from '../adapters/postgres/postgres-persistence.ts';
import { createPostgresProjectionRecords } from '../adapters/postgres/postgres-projection-records.ts';
import {
  createInlineProjector,
  createPostgresReadModels,
} from '../adapters/postgres/postgres-read-models.ts';
import { createPostgresRebuilds } from '../adapters/postgres/postgres-rebuilds.ts';
import { createPostgresRevocations } from '../adapters/postgres/postgres-revocations.ts';
import { listenForAppends, type PostgresWakeUp } from '../adapters/postgres/postgres-wake-up.ts';
import { defaultSchema } from '../adapters/postgres/tables.ts';
import { EventLog } from '../consumption/event-log.ts';
import type { LeaseStore } from '../consumption/lease-store.ts';
import type { AnyProjection } from '../consumption/projection.ts';
import type { ReadModels } from '../consumption/read-models.ts';
import type { ProjectionRecords } from '../consumption/rebuild/projection-records.ts';
import type { Rebuilds } from '../consumption/rebuild/rebuilds.ts';
import type { StoredEvent } from '../domain/event.ts';
import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { type Logger, silentLogger } from '../kernel/log.ts';
import type { EventStore } from '../persistence/event-store.ts';
import type { LogChain } from '../persistence/log-chain.ts';
import { createMappedEventStore } from '../persistence/mapper/mapped-event-store.ts';
import { createMappedSnapshotStore } from '../persistence/mapper/mapped-snapshot-store.ts';
import { createMapper, type Mapper } from '../persistence/mapper/mapper.ts';
import type { MasterKeys } from '../persistence/mapper/master-keys.ts';
import type { Persistence } from '../persistence/persistence.ts';
import type { RevocationStore } from '../persistence/revocation-store.ts';
import type { SnapshotStore } from '../persistence/snapshot-store.ts';
import { openMasterKeys } from './open-master-keys.ts';

export type StorageOptions = {
  /** A PostgreSQL server, 15 or newer; Livefold starts one of its own when left out. */
  readonly databaseUrl?: string | undefined;
  /** Where Livefold's own PostgreSQL keeps its data, and the master key where none is given; `.livefold` unless given. */
  readonly dataDirectory?: string;
  /** The Postgres schema of Livefold's own tables: one for each application of a database. */
  readonly schema?: string;
  /**
   * The master keys, as `id:base64` separated by commas, the current one first: they wrap the keys that seal personal and
   * encrypted data. Unless given, one is made in the data folder when it is first needed.
   */
  readonly masterKeys?: string | undefined;
  /** Stores the data of every event encrypted; then nobody can query it in SQL. */
  readonly encrypt?: boolean;
  /** Event data of so many bytes of JSON, or more, is stored compressed; none unless given. */
  readonly compressFrom?: number | undefined;
  /**
   * How many seconds a token is believed from when it was made, whatever else it says; then a revocation is kept no longer than
   * the tokens that it means can live. As long as they say, unless given.
   */
  readonly maxTokenAge?: number | undefined;
  readonly logger?: Logger;
};

/** A backend's database, migrated, with the log and all that is kept beside it. */
export interface Storage extends AsyncDisposable {
  readonly databaseUrl: string;
  readonly database: Database;
  /** What the database holds, as it is stored. */
  readonly stored: Persistence<Session>;
  readonly mapper: Mapper;
  /** The log and the snapshots as an application sees them. */
  readonly events: EventStore<Session>;
  readonly snapshots: SnapshotStore<Session>;
  /** The log as the consumers of this process share it. */
  readonly log: EventLog;
  readonly wakeUp: PostgresWakeUp;
  readonly models: ReadModels;
  /** Who is up and who works on what. */
  readonly leases: LeaseStore;
  /** What is kept about projections. */
  readonly records: ProjectionRecords;
  readonly rebuilds: Rebuilds;
  readonly chain: LogChain;
  readonly revocations: RevocationStore;
  /** None where nothing is sealed. */
  readonly masterKeys: MasterKeys | undefined;
}

/**
 * Opens a backend's database: starts it if need be, applies the migrations, and puts the mapper before the stores.
 * `onForgotten` is called when somebody, in whatever process, was forgotten: what was read before may know too much.
 *
 * @throws LivefoldError `WRONG_MASTER_KEY` when the master keys are not those of this database
 */
export async function openStorage(
  definition: BackendDefinition,
  options: StorageOptions,
  onForgotten: () => void = () => {},
): Promise<Storage> {
  const { databaseUrl, dataDirectory = '.livefold', schema = defaultSchema, logger = silentLogger } = options;
  await using opening = new AsyncDisposableStack();
  const engine = opening.use(
    await resolveDatabase({ databaseUrl, dataDirectory, log: (line) => logger.info({}, line) }),
  );
  await migrateDatabase({ url: engine.url, schema, sets: definition.migrations ?? [] });
  const database = openDatabase(engine.url);
  opening.defer(() => database.close());
  const wakeUp = opening.use(await listenForAppends(engine.url, schema));

  const models = createPostgresReadModels(database, schema);
  const inline = definition.projections.filter(({ mode }) => mode === 'inline');
  const stored = createPostgresPersistence({
    database,
    schema,
    onAppended: (events) => void offer(events),
    ...(inline.length > 0 && {
      inTransaction: createInlineProjector(inline, {
        schema,
        decode: (events) => mapper.decode(events, { isCommitted: false }),
        onHalted: (projection, error) => void halt(projection, error),
      }),
    }),
  });
  const masterKeys = await openMasterKeys(definition, { ...options, dataDirectory, store: stored.keys });
  const { encrypt = false, compressFrom } = options;
  const mapper = createMapper({
    encrypt,
    ...(masterKeys && { keys: { store: stored.keys, masterKeys } }),
    ...(compressFrom !== undefined && { compressFrom }),
    ...(definition.transcodings && { transcodings: definition.transcodings }),
    onForgotten() {
      log.clear();
      onForgotten();
    },
  });
  const events = createMappedEventStore(stored.events, mapper);
  const log = new EventLog(events, { bell: wakeUp.bell });

  /** What cannot be decoded is not offered: whoever reads it meets the error. */
  async function offer(appended: readonly StoredEvent[]): Promise<void> {
    const { epoch } = log;
    try {
      const decoded = mapper.decode(appended);
      const events = decoded instanceof Promise ? await decoded : decoded;
      // Somebody may have been forgotten meanwhile.
      if (log.epoch === epoch) log.offer(events);
    } catch (error) {
      logger.debug({ err: error }, 'own events could not be decoded');
    }
    wakeUp.hear(appended.at(-1)?.position ?? 0);
  }

  /** Behind the append's rollback, for which it waits. */
  async function halt(projection: AnyProjection, { message }: Error): Promise<void> {
    await models
      .halt(projection, message)
      .catch((err: unknown) => logger.error({ err, projection: projection.name }, 'could not be halted'));
  }

  const opened = opening.move();
  return {
    ...{ databaseUrl: engine.url, database, stored, mapper, events, log, wakeUp },
    snapshots: createMappedSnapshotStore(stored.snapshots, mapper),
    models,
    leases: createPostgresLeaseStore(database, schema),
    records: createPostgresProjectionRecords(database, schema),
    rebuilds: createPostgresRebuilds(database, schema),
    chain: createPostgresChain(database, schema),
    revocations: createPostgresRevocations(database, { schema, maxTokenAge: options.maxTokenAge }),
    masterKeys,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
