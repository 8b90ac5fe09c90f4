import { type AggregateRoot, streamOf } from '../domain/aggregate.ts';
import { isLivefoldError } from '../kernel/errors.ts';
import { TurnBatch } from '../kernel/turn-batch.ts';
import type { SnapshotStore, StreamTail } from '../persistence/snapshot-store.ts';
import type { Loaded } from './loaded.ts';
import { openSnapshot, openTail } from './open-snapshot.ts';
import type { SnapshotFaults } from './snapshot-faults.ts';
import type { LoadOptions } from './stream-loader.ts';

/**
 * Loads aggregates from their snapshots and the events behind them; those asked for in one turn of the event loop come in
 * one read. Whatever goes wrong with a snapshot is counted and gives `undefined`: all events are to be folded then.
 */
export class SnapshotLoader {
  readonly #store: SnapshotStore | undefined;
  readonly #faults: SnapshotFaults;
  readonly #batch = new TurnBatch((streams: readonly string[], options: LoadOptions) =>
    this.#read(streams, options),
  );

  constructor(store: SnapshotStore | undefined, faults: SnapshotFaults) {
    this.#store = store;
    this.#faults = faults;
  }

  /** The aggregate as it is now. */
  load<State>(
    aggregate: AggregateRoot<State>,
    id: string,
    options: LoadOptions = {},
  ): Promise<Loaded<State> | undefined> {
    return this.#open(aggregate, id, { ...options, open: (tail) => openTail(aggregate, tail) });
  }

  /** The aggregate as it was at its snapshot, for one who goes on from there. */
  loadSnapshot<State>(
    aggregate: AggregateRoot<State>,
    id: string,
    options: LoadOptions = {},
  ): Promise<Loaded<State> | undefined> {
    return this.#open(aggregate, id, {
      ...options,
      open: ({ snapshot }) => (snapshot === null ? undefined : openSnapshot(aggregate, snapshot)),
    });
  }

  async #open<State>(
    aggregate: AggregateRoot<State>,
    id: string,
    { open, ...options }: LoadOptions & { readonly open: (tail: StreamTail) => Loaded<State> | undefined },
  ): Promise<Loaded<State> | undefined> {
    if (aggregate.snapshots === undefined || this.#store === undefined) return undefined;
    const stream = streamOf(aggregate, id);
    const tail =
      options.transaction === undefined
        ? await this.#batch.ask(stream, options.signal)
        : (await this.#read([stream], options))[0];
    try {
      return tail && open(tail);
    } catch (error) {
      this.#faults.count(error, { doing: 'load', stream });
      return undefined;
    }
  }

  async #read(
    streams: readonly string[],
    options: LoadOptions,
  ): Promise<readonly (StreamTail | undefined)[]> {
    const tails = await this.#loadTails([...new Set(streams)], options);
    const byStream = new Map(tails.map((tail) => [tail.stream, tail]));
    return streams.map((stream) => byStream.get(stream));
  }

  async #loadTails(streams: readonly string[], options: LoadOptions): Promise<readonly StreamTail[]> {
    try {
      return (await this.#store?.loadTails(streams, options)) ?? [];
    } catch (error) {
      // Nobody waits: there is nothing wrong with a snapshot.
      if (isLivefoldError(error, 'ABORTED')) throw error;
      // One snapshot that cannot be read is no reason to pass over those that came with it.
      if (streams.length > 1)
        return (await Promise.all(streams.map((stream) => this.#loadTails([stream], options)))).flat();
      this.#faults.count(error, { doing: 'load', stream: streams.join() });
      return [];
    }
  }
}
