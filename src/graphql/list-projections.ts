import type { RunningProjection } from '../consumption/projection-runner.ts';
import { Watch } from '../consumption/watch.ts';
import { sleep } from '../kernel/async.ts';
import type { Position } from '../persistence/event-store.ts';
import type { Backend } from './backend.ts';
import type { ListedProjection } from './listed-projection.ts';
import { type Cursor, type LiveSource, liveSource } from './live-source.ts';

/** Milliseconds between two frames, at least. */
const pause = 1_000;

/** All projections and how far they are. */
export async function listProjections({ projections, log }: Backend): Promise<readonly ListedProjection[]> {
  const head = await log.head();
  return [...projections.values()].map((running) => describe(running, head));
}

/** The same whenever something about it has changed. What this process has heard of is enough for that. */
export function watchProjections(
  backend: Backend,
  signal: AbortSignal,
): LiveSource<{ readonly projections: readonly ListedProjection[] }> {
  // Callers have backends of their own; what runs behind them is one.
  const { projections, log } = backend;
  const lookout = lookouts.get(projections) ?? new Lookout({ projections, log });
  lookouts.set(projections, lookout);
  lookout.refresh();
  return liveSource(
    {
      start: cursorAt(0),
      restart: (from) => from,
      epoch: () => 0,
      watch: () => lookout.watch(),
      async next({ position }) {
        const { version, projections } = lookout;
        const cursor = cursorAt(version);
        if (position === version) return { steps: [], cursor };
        return { steps: [{ root: { projections }, cursor, replaces: true }], cursor };
      },
    },
    signal,
  );
}

const cursorAt = (position: number): Cursor => ({ position, live: true, snapshot: null });

const lookouts = new WeakMap<Backend['projections'], Lookout>();

/** Looks at a backend's projections for all who watch them, while there are any. */
class Lookout {
  readonly #backend: Pick<Backend, 'projections' | 'log'>;
  readonly #watches = new Set<Watch>();
  #looking = new AbortController();
  #text = '';
  #version = 0;
  #projections: readonly ListedProjection[] = [];

  constructor(backend: Pick<Backend, 'projections' | 'log'>) {
    this.#backend = backend;
  }

  /** Rises with each change. */
  get version(): number {
    return this.#version;
  }

  get projections(): readonly ListedProjection[] {
    return this.#projections;
  }

  /** Looks now, unless somebody's looking goes on anyway. */
  refresh(): void {
    if (this.#watches.size === 0) this.#look();
  }

  watch(): Watch {
    const watch = new Watch(() => {
      this.#watches.delete(watch);
      if (this.#watches.size === 0) this.#looking.abort();
    });
    this.#watches.add(watch);
    if (this.#watches.size === 1) void this.#keepLooking();
    return watch;
  }

  async #keepLooking(): Promise<void> {
    this.#looking = new AbortController();
    const { signal } = this.#looking;
    while (!signal.aborted) {
      this.#look();
      await sleep(pause, signal);
    }
  }

  #look(): void {
    const { projections, log } = this.#backend;
    const now = [...projections.values()].map((running) => describe(running, log.seen));
    const revisions = [...projections.values()].map(({ parkedRevision }) => parkedRevision);
    const text = JSON.stringify([now, revisions]);
    if (text === this.#text) return;
    this.#text = text;
    this.#projections = now;
    this.#version += 1;
    for (const watch of this.#watches) watch.hear({ after: this.#version - 1, to: this.#version });
  }
}

function describe(running: RunningProjection, head: Position): ListedProjection {
  const { projection, feed, status, lastError, isOutdated, rate, shards } = running;
  return {
    name: projection.name,
    ...placed(feed.position, head),
    rate,
    status,
    lastError,
    isOutdated,
    owner: onlyOwner(shards.map(({ owner }) => owner)),
    shards: shards.map(({ shard, position, owner, ...state }) => ({
      ...state,
      shard: shard.index,
      ...placed(position, head),
      owner,
    })),
  };
}

function placed(position: Position, head: Position) {
  // This process may hear of an event just behind our look at the head.
  return { position, head: Math.max(head, position), lag: Math.max(head - position, 0) };
}

function onlyOwner(owners: readonly ListedProjection['owner'][]): ListedProjection['owner'] {
  const [first = null] = owners;
  return owners.every((owner) => owner?.id === first?.id) ? first : null;
}
