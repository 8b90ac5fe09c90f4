import { type AggregateRoot, type SnapshotPolicy, streamOf } from '../domain/aggregate.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { Snapshot, SnapshotSelection, SnapshotStore } from '../persistence/snapshot-store.ts';
import type { Loaded } from './loaded.ts';
import type { SnapshotFaults } from './snapshot-faults.ts';

/** So many streams may wait for their snapshot: what a store too slow for its appends can cost in memory. */
const mostWaiting = 1_000;

/** Stores snapshots: when an aggregate's policy says so, and when asked to. */
export class SnapshotWriter {
  readonly #store: SnapshotStore | undefined;
  readonly #faults: SnapshotFaults;
  /** The newest of each stream: the ones before it need not be stored any more. */
  readonly #waiting = new Map<string, Snapshot>();
  #writing: Promise<void> | undefined;

  constructor(store: SnapshotStore | undefined, faults: SnapshotFaults) {
    this.#store = store;
    this.#faults = faults;
  }

  /**
   * Stores what an append made of the version `from`, or has it wait its turn, if the policy says so. What fails is counted
   * and not thrown: the events are stored. There is a promise only when it is to be waited for.
   */
  afterAppend<State>(
    aggregate: AggregateRoot<State>,
    id: string,
    { from, loaded }: { readonly from: number; readonly loaded: Loaded<State> },
  ): Promise<void> | undefined {
    const { snapshots: policy } = aggregate;
    if (this.#store === undefined || policy === undefined || !isDue(policy, from, loaded.version))
      return undefined;
    const snapshot = snapshotOf(policy, streamOf(aggregate, id), loaded);
    if (policy.mode === 'inline') return this.#save(snapshot);
    this.#enqueue(snapshot);
    return undefined;
  }

  /** Stores a snapshot now. @throws LivefoldError `NO_SNAPSHOTS`; what the store throws */
  async write<State>(aggregate: AggregateRoot<State>, id: string, loaded: Loaded<State>): Promise<void> {
    const { name, snapshots: policy } = aggregate;
    if (policy === undefined)
      throw new LivefoldError(
        'NO_SNAPSHOTS',
        `Nothing would read a snapshot of ${name}: give it a policy, \`snapshots: {}\`.`,
        { fields: { aggregate: name } },
      );
    if (loaded.version > 0) await this.#wantStore().save(snapshotOf(policy, streamOf(aggregate, id), loaded));
  }

  /** Deletes snapshots; the answer is how many. @throws LivefoldError `NO_SNAPSHOTS` */
  async delete(which: SnapshotSelection): Promise<number> {
    return this.#wantStore().deleteSnapshots(which);
  }

  /** Waits for the snapshots under way. */
  async settle(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** Drops the snapshots that wait. */
  clear(): void {
    this.#waiting.clear();
  }

  #enqueue(snapshot: Snapshot): void {
    const { stream } = snapshot;
    if (this.#waiting.size >= mostWaiting && !this.#waiting.has(stream)) {
      const message = `${mostWaiting} snapshots wait to be stored: the store is too slow for the policy's \`every\`.`;
      this.#faults.count(new LivefoldError('SNAPSHOTS_BEHIND', message), { doing: 'save', stream });
      return;
    }
    this.#waiting.set(stream, snapshot);
    this.#writing ??= this.#drain();
  }

  async #drain(): Promise<void> {
    for (const [stream, snapshot] of this.#waiting) {
      this.#waiting.delete(stream);
      await this.#save(snapshot);
    }
    this.#writing = undefined;
  }

  async #save(snapshot: Snapshot): Promise<void> {
    try {
      await this.#store?.save(snapshot);
    } catch (error) {
      this.#faults.count(error, { doing: 'save', stream: snapshot.stream });
    }
  }

  #wantStore(): SnapshotStore {
    if (this.#store !== undefined) return this.#store;
    throw new LivefoldError('NO_SNAPSHOTS', 'The repository has no snapshot store: pass one as `snapshots`.');
  }
}

/** Whether the way from one version to another reaches or crosses a multiple of the policy's `every`. */
function isDue({ every }: SnapshotPolicy, from: number, to: number): boolean {
  return every !== undefined && Math.floor(to / every) > Math.floor(from / every);
}

function snapshotOf(
  { schemaVersion = 1 }: SnapshotPolicy,
  stream: string,
  { state, version, position, subjects }: Loaded<unknown>,
): Snapshot {
  return { stream, version, position, schemaVersion, state, subjects };
}
