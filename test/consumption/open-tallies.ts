import type { Session } from '../../src/adapters/postgres/database.ts';
import type { AnyProjection } from '../../src/consumption/projection.ts';
import type { RunningProjection } from '../../src/consumption/projection-runner.ts';
import type { PreparedEvent } from '../../src/domain/event.ts';
import { everything } from '../../src/domain/query.ts';
import { runningProjection } from '../../src/graphql/at-least.ts';
import { type BackendOptions, type RunningBackend, startBackend } from '../../src/main/start-backend.ts';
import { foldedRows, rowsOf, tallies, talliesBackend } from './tallies.ts';

/** A backend of tallies on a database that others may share. */
export interface OpenTallies extends AsyncDisposable {
  readonly backend: RunningBackend;
  readonly session: Session;
  readonly projections: readonly AnyProjection[];
  running(name: string): RunningProjection;
  append(...events: readonly PreparedEvent[]): Promise<number>;
  /** Waits until all projections have passed the head, wherever they run. */
  settle(): Promise<void>;
  /** By projection: what its table holds, and what it must hold. */
  rows(): Promise<unknown>;
  folded(): Promise<unknown>;
}

export type TalliesOptions = BackendOptions & { readonly projections?: readonly AnyProjection[] };

export async function openTallies(url: string, options: TalliesOptions = {}): Promise<OpenTallies> {
  const { projections = tallies(4), ...rest } = options;
  const backend = await startBackend(talliesBackend(projections), { databaseUrl: url, ...rest });
  const { session } = backend.database;
  const running = (name: string): RunningProjection => runningProjection(backend, name);
  return {
    backend,
    session,
    projections,
    running,
    append: async (...events) => (await backend.store.append({ events })).position,
    async settle() {
      const head = await backend.log.head();
      await Promise.all(projections.map(({ name }) => running(name).waitFor(head, { timeout: 40_000 })));
    },
    rows: () => Promise.all(projections.map((one) => rowsOf(session, one))),
    async folded() {
      const events = await Array.fromAsync(backend.store.read(everything));
      return projections.map((one) => foldedRows(one, events));
    },
    [Symbol.asyncDispose]: () => backend.stop(),
  };
}
