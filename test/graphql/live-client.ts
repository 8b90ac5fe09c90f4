import type { Filter } from '../../src/consumption/filter.ts';
import type { AnyRow } from '../../src/consumption/projection.ts';
import type { RunningProjection } from '../../src/consumption/projection-runner.ts';
import type { ReadModels } from '../../src/consumption/read-models.ts';
import { type LiveFrame, liveRows } from '../../src/graphql/live-rows.ts';
import { compareText } from '../../src/kernel/text.ts';

/** What a live client holds: each frame applied as the schema says. */
export class HeldRows {
  readonly rows = new Map<string, AnyRow>();
  /** Where it may resume; 0 for nowhere. */
  position = 0;
  isLive = false;
  readonly #keyField: string;

  constructor(keyField: string) {
    this.#keyField = keyField;
  }

  /** By key. */
  list(): readonly AnyRow[] {
    const entries = [...this.rows].sort(([a], [b]) => compareText(a, b));
    return entries.map(([, row]) => row);
  }

  apply({ kind, position, upserted, removed, live }: LiveFrame): void {
    if (kind === 'SNAPSHOT') this.rows.clear();
    for (const key of removed) this.rows.delete(key);
    for (const { position: _, ...row } of upserted) this.rows.set(String(row[this.#keyField]), row);
    this.position = position;
    this.isLive = live;
  }
}

export type Watched = { readonly running: RunningProjection; readonly models: ReadModels };

/** A client that takes every frame as it comes, and can be cut off and come back. */
export class LiveClient implements AsyncDisposable {
  readonly held: HeldRows;
  readonly frames: LiveFrame[] = [];
  readonly #watched: Watched;
  readonly #filter: Filter | undefined;
  #stopping = new AbortController();
  #done: Promise<void> = Promise.resolve();

  constructor(watched: Watched, filter?: Filter) {
    this.#watched = watched;
    this.#filter = filter;
    this.held = new HeldRows(watched.running.projection.keyField);
    this.#connect();
  }

  async disconnect(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  /** Comes back with the last position, to the same process or another one. */
  async reconnect(watched: Watched = this.#watched): Promise<void> {
    await this.disconnect();
    this.#connect(watched);
  }

  #connect({ running, models }: Watched = this.#watched): void {
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    this.#done = this.#take(
      liveRows({ running, models, filter: this.#filter, after: this.held.position, signal }),
    );
  }

  async #take(frames: AsyncIterable<LiveFrame>): Promise<void> {
    for await (const frame of frames) {
      this.frames.push(frame);
      this.held.apply(frame);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect();
  }
}
