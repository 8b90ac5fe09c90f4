import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { type Database, openDatabase } from '../../../src/adapters/postgres/database.ts';
import { createPostgresEventStore } from '../../../src/adapters/postgres/postgres-event-store.ts';
import { createPostgresParkedStore } from '../../../src/adapters/postgres/postgres-parked-store.ts';
import { createPostgresProcessStore } from '../../../src/adapters/postgres/postgres-process-store.ts';
import { createExecutor, type Execute } from '../../../src/application/execute.ts';
import { Repository } from '../../../src/application/repository.ts';
import { EventLog } from '../../../src/consumption/event-log.ts';
import type { UnitState } from '../../../src/consumption/lease-store.ts';
import type { ParkedStore } from '../../../src/consumption/parked-store.ts';
import type { AnyProcessManager } from '../../../src/consumption/process-manager.ts';
import { react } from '../../../src/consumption/process-reactions.ts';
import type { ProcessStore } from '../../../src/consumption/process-store.ts';
import type { StoredEvent } from '../../../src/domain/event.ts';
import { everything } from '../../../src/domain/query.ts';
import { Bell } from '../../../src/kernel/async.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import { createTestDatabase } from '../../support/database.ts';

/** What a run is given in place of what it has by itself. */
export type RunOptions = {
  readonly store?: Partial<ProcessStore>;
  readonly execute?: Execute;
  readonly timeout?: number;
};

/** A process manager that is at work. */
export interface Run extends AsyncDisposable {
  readonly states: readonly (UnitState | undefined)[];
  readonly warnings: readonly object[];
  stop(): Promise<void>;
}

/** A log with process managers on it, on a database of its own. */
export interface House extends AsyncDisposable {
  readonly url: string;
  readonly database: Database;
  readonly execute: Execute;
  readonly store: ProcessStore;
  readonly parked: ParkedStore;
  now: Date;
  /** Runs a process manager under a new lease, as a new owner would. */
  run(manager: AnyProcessManager, options?: RunOptions): Promise<Run>;
  /** What happened, as `Type guest`. */
  told(): Promise<readonly string[]>;
  events(): Promise<readonly StoredEvent[]>;
  /** How far the process manager is. */
  position(manager: AnyProcessManager): Promise<number>;
  state(manager: AnyProcessManager, key: string): Promise<unknown>;
  timers(): Promise<readonly string[]>;
  /** Has everyone look at log and clock. */
  ring(): void;
}

export async function openHouse(): Promise<House> {
  const created = await createTestDatabase();
  return houseOn(created.url, () => created.drop());
}

/** A house on the database of another process. */
export function houseOn(url: string, dispose: () => Promise<void> = async () => {}): House {
  const database = openDatabase(url, { connections: 4 });
  const bell = new Bell();
  const events = createPostgresEventStore({ database, onAppended: () => bell.ring() });
  const log = new EventLog(events, { bell });
  const repository = new Repository(events, { logger: silentLogger });
  const store = createPostgresProcessStore(database);
  const parked = createPostgresParkedStore(database);
  const all = () => Array.fromAsync(events.read(everything));
  const house: House = {
    ...{ url, database, store, parked, now: new Date('2024-03-01T12:00:00Z') },
    execute: createExecutor({ store: events, repository }),
    ring: () => bell.ring(),
    events: all,
    told: async () => (await all()).map(({ type, data }) => `${type} ${Object(data).guest ?? ''}`.trim()),
    position: (manager) => store.position(manager.name),
    state: async (manager, key) => (await store.load(manager.name, [key])).get(key)?.state,
    timers: async () => {
      const rows = await database.session.execute<{ timer: string }>(
        sql`select key || ' ' || name as timer from livefold.timers order by 1`,
      );
      return rows.map(({ timer }) => timer);
    },
    run: async (manager, options = {}) => {
      const owner = randomUUID();
      await store.position(manager.name);
      const [row] = await database.session.execute<{ token: number }>(
        sql`update livefold.tracking set owner = ${owner}, token = token + 1 where consumer = ${`process:${manager.name}`} returning token::int`,
      );
      const stopping = new AbortController();
      const states: (UnitState | undefined)[] = [];
      const warnings: object[] = [];
      const lease = { owner, token: row?.token ?? 0 };
      const done = react(manager, {
        timeout: options.timeout,
        log,
        parked,
        asked: bell,
        store: { ...store, ...options.store },
        execute: options.execute ?? house.execute,
        clock: () => house.now,
        logger: { ...silentLogger, warn: (facts) => warnings.push(facts) },
        held: {
          unit: {
            ...{ name: '', consumer: '', shard: { index: 0, count: 1 }, position: 0 },
            ...{ ...lease, beyond: null, horizon: 0, fault: null, definition: null },
          },
          lease,
          hasCompany: () => false,
          doubt: () => {},
        },
        signal: stopping.signal,
        say: (state) => states.push(state),
      });
      const stop = async (): Promise<void> => {
        stopping.abort();
        await done;
      };
      return { states, warnings, stop, [Symbol.asyncDispose]: stop };
    },
    async [Symbol.asyncDispose]() {
      await database.close();
      await dispose();
    },
  };
  return house;
}
