import { sql } from 'drizzle-orm';
import type { Session } from '../../src/adapters/postgres/database.ts';
import type { AnyRow, ProjectionOptions } from '../../src/consumption/projection.ts';
import type { RunningProjection } from '../../src/consumption/projection-runner.ts';
import type { PreparedEvent } from '../../src/domain/event.ts';
import { everything } from '../../src/domain/query.ts';
import { runningProjection } from '../../src/graphql/at-least.ts';
import type { Logger } from '../../src/kernel/log.ts';
import { type RunningBackend, startBackend } from '../../src/main/start-backend.ts';
import {
  byId,
  type Counters,
  countersBackend,
  countersProjection,
  createCountersDatabase,
  foldAll,
  type Moods,
} from './counters.ts';

/** A backend of counters on a database of its own, or of another one. */
export interface OpenCounters extends AsyncDisposable {
  readonly url: string;
  readonly counters: Counters;
  readonly backend: RunningBackend;
  readonly running: RunningProjection;
  readonly session: Session;
  append(...events: readonly PreparedEvent[]): Promise<number>;
  /** Waits until the projection has passed the head. */
  settle(): Promise<void>;
  rows(): Promise<readonly AnyRow[]>;
  /** What a fold of the whole log gives: what `rows` must be. */
  folded(): Promise<readonly AnyRow[]>;
}

export type OpenOptions = {
  /** The database of other counters. */
  readonly url?: string;
  /** How much a count adds. */
  readonly step?: number;
  readonly name?: string;
  readonly logger?: Logger;
};

export async function openCounters(
  options: ProjectionOptions & Moods & OpenOptions = {},
): Promise<OpenCounters> {
  const { url, step, name, logger, ...projectionOptions } = options;
  const created = url === undefined ? await createCountersDatabase() : undefined;
  const databaseUrl = url ?? created?.url ?? '';
  const counters = countersProjection(projectionOptions, step, name);
  const backend = await startBackend(countersBackend(counters), {
    databaseUrl,
    ...(logger && { logger }),
  });
  const running = runningProjection(backend, counters.name);
  return {
    url: databaseUrl,
    counters,
    backend,
    running,
    session: backend.database.session,
    append: async (...events) => (await backend.store.append({ events })).position,
    settle: async () => running.waitFor(await backend.log.head(), { timeout: 30_000 }),
    rows: async () => (await backend.database.session.select().from(counters.table)).sort(byId),
    folded: async () => foldAll(counters, await Array.fromAsync(backend.store.read(everything))),
    async [Symbol.asyncDispose]() {
      await backend.stop();
      await created?.drop();
    },
  };
}

/** Where the database says that the projection stands. */
export async function trackedPosition(session: Session): Promise<number> {
  const [row] = await session.execute<{ position: number }>(
    sql`select position::int from livefold.tracking where consumer = 'counters'`,
  );
  return row?.position ?? -1;
}
