import type { Session } from '../../src/adapters/postgres/database.ts';
import type { AnyRow } from '../../src/consumption/projection.ts';
import type { RunningProjection } from '../../src/consumption/projection-runner.ts';
import type { PreparedEvent } from '../../src/domain/event.ts';
import { everything } from '../../src/domain/query.ts';
import { runningProjection } from '../../src/graphql/at-least.ts';
import { type RunningBackend, startBackend } from '../../src/main/start-backend.ts';
import { byId, countersProjection, foldAll } from './counters.ts';
import {
  createSqlCountersDatabase,
  movesTable,
  type SqlCounters,
  type SqlCountersOptions,
  sqlCounters,
  sqlCountersBackend,
} from './sql-counters.ts';

/** A backend of counters that SQL handlers write, on a database of its own, or of another one. */
export interface OpenSqlCounters extends AsyncDisposable {
  readonly url: string;
  readonly counters: SqlCounters;
  readonly backend: RunningBackend;
  readonly running: RunningProjection;
  readonly session: Session;
  append(...events: readonly PreparedEvent[]): Promise<number>;
  settle(): Promise<void>;
  rows(): Promise<readonly AnyRow[]>;
  /** The rows as a fold of the whole log would leave them. */
  folded(): Promise<readonly AnyRow[]>;
  /** Every count as its position and counter, in order. */
  moves(): Promise<readonly string[]>;
  counts(): Promise<readonly string[]>;
}

export async function openSqlCounters(
  options: SqlCountersOptions & { url?: string } = {},
): Promise<OpenSqlCounters> {
  const { url: given, ...projectionOptions } = options;
  const created = given === undefined ? await createSqlCountersDatabase() : undefined;
  const url = given ?? created?.url ?? '';
  const counters = sqlCounters(projectionOptions);
  const backend = await startBackend(sqlCountersBackend(counters), { databaseUrl: url });
  const { session } = backend.database;
  const running = runningProjection(backend, 'counters');
  const log = () => Array.fromAsync(backend.store.read(everything));
  return {
    ...{ url, counters, backend, running, session },
    append: async (...events) => (await backend.store.append({ events })).position,
    settle: async () => running.waitFor(await backend.log.head(), { timeout: 30_000 }),
    rows: async () => (await session.select().from(counters.table)).sort(byId),
    folded: async () => foldAll(countersProjection(), await log()),
    moves: async () =>
      (await session.select().from(movesTable)).map((one) => `${one.position} ${one.counter}`).sort(),
    counts: async () =>
      (await log())
        .flatMap(({ type, position, data }) =>
          type === 'Counted'
            ? (data as { counters: string[] }).counters.map((one) => `${position} ${one}`)
            : [],
        )
        .sort(),
    async [Symbol.asyncDispose]() {
      await backend.stop();
      await created?.drop();
    },
  };
}
