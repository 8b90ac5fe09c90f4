import { Bell } from '../kernel/async.ts';
import type { Position } from '../persistence/event-store.ts';
import { type ChangeBatch, ChangeFeed } from './change-feed.ts';
import { decimalFields } from './decimal-fields.ts';
import type { Census, Member, Unit, UnitState, UnitStatus } from './lease-store.ts';
import { MissingChanges, type ReadChanges } from './missing-changes.ts';
import type { AnyProjection } from './projection.ts';
import { Rate } from './rate.ts';
import type { Place } from './read-models.ts';
import { lowestPosition, type Shard } from './shards.ts';

/** How far one shard of a projection is, and who works on it. */
export type ShardProgress = UnitState & {
  readonly shard: Shard;
  readonly position: Position;
  readonly owner: Pick<Member, 'id' | 'name'> | null;
};

/** From the one that most needs a look. */
const statuses: readonly UnitStatus[] = ['RETRYING', 'STOPPED', 'CATCHING_UP', 'LIVE'];

const stopped: UnitState = { status: 'STOPPED', lastError: null };

/**
 * How far a projection is, as this process knows it: from its own commits, from news of other processes' commits, and from
 * what it sees at each heartbeat.
 */
export class ProjectionProgress {
  readonly feed: ChangeFeed;
  /** Rings when something about its parked keys is to be looked at. */
  readonly parked = new Bell();
  readonly #projection: AnyProjection;
  readonly #shards = new Map<string, ShardProgress>();
  readonly #own = new Map<string, UnitState>();
  readonly #rate = new Rate();
  readonly #missing: MissingChanges;
  /** The fingerprint of the definition that the rows were folded with. */
  #definition: string | null = null;

  constructor(
    projection: AnyProjection,
    { position, horizon }: Pick<Place, 'position' | 'horizon'>,
    readChanges: ReadChanges,
  ) {
    this.#projection = projection;
    this.feed = new ChangeFeed(position, horizon, decimalFields(projection));
    this.#missing = new MissingChanges(projection, this.feed, readChanges);
    const { unit } = projection;
    this.#shards.set(unit, { ...stopped, shard: { index: 0, count: 1 }, position, owner: null });
  }

  get shards(): readonly ShardProgress[] {
    return [...this.#shards].map(([unit, shard]) => ({ ...shard, ...this.#own.get(unit) }));
  }

  /** That of the shard that most needs a look. */
  get state(): UnitState {
    const shards = this.shards.toSorted((a, b) => statuses.indexOf(a.status) - statuses.indexOf(b.status));
    const { status, lastError } = shards[0] ?? stopped;
    return { status, lastError };
  }

  /** Events a second, over the last ten seconds. */
  get rate(): number {
    return this.#rate.perSecond(this.feed.position, performance.now());
  }

  /** Whether the table was folded with another definition than this process's. */
  get isOutdated(): boolean {
    return this.#definition !== null && this.#definition !== this.#projection.fingerprint;
  }

  /** How a unit that this process works on is doing; undefined for any other. */
  stateOf(unit: string): UnitState | undefined {
    return this.#own.get(unit);
  }

  /** Whether this process knows what each change was before: shards are told together, from the table. */
  get isFoldedHere(): boolean {
    return this.#shards.size === 1 && this.#own.has(this.#projection.unit);
  }

  /** Says how a unit that this process works on is doing; undefined when it works on it no more. */
  setState(unit: string, state: UnitState | undefined): void {
    if (state === undefined) this.#own.delete(unit);
    else this.#own.set(unit, state);
  }

  /**
   * Takes in what this process committed, or found committed. What other processes folded is told without its changes. So is
   * what is folded a second time, since a database that crashed lost the last batches: the feed goes on only behind where it was.
   */
  publish(unit: string, { after, to, changes }: ChangeBatch): void {
    this.#move(unit, to);
    if (this.#shards.size > 1) this.#publishLowest();
    else this.#publish(to, after === this.feed.position ? changes : null);
  }

  /** Hears of another process's commit. Of its own this process knows more by itself. */
  hear(unit: string, position: Position): void {
    if (this.#own.has(unit) || !this.#shards.has(unit)) return;
    this.#move(unit, position);
    this.#publishLowest();
  }

  /** Hears that something about its parked keys is to be looked at. Where rows of theirs changed, the position did not. */
  hearParked(hasChanged: boolean): void {
    if (hasChanged) this.feed.amend();
    this.parked.ring();
  }

  look({ units, members }: Pick<Census, 'units' | 'members'>): void {
    const seen = units.filter(({ consumer }) => consumer === this.#projection.name);
    if (seen.length === 0) return;
    const [{ horizon, definition } = { horizon: 0, definition: null }] = seen;
    this.#definition = definition;
    const isAnother = this.#isAnotherTable(horizon);
    const known = new Map(this.#shards);
    this.#shards.clear();
    for (const unit of seen) {
      const before = isAnother ? 0 : (known.get(unit.name)?.position ?? 0);
      this.#shards.set(unit.name, progressOf(unit, members, before));
    }
    if (isAnother) this.feed.restart(this.#lowest(), horizon);
    // What is folded here comes with its changes, a moment later than it can be seen.
    if (seen.length > 1 || !seen.some(({ name }) => this.#own.has(name))) this.#publishLowest();
  }

  /**
   * Begins anew where the table was exchanged for another, for a runner that no heartbeat tells of it.
   */
  meet({ position, horizon }: Pick<Place, 'position' | 'horizon'>, unit: string): void {
    if (!this.#isAnotherTable(horizon)) return;
    const shard = this.#shards.get(unit);
    if (shard !== undefined) this.#shards.set(unit, { ...shard, position });
    this.feed.restart(this.#lowest(), horizon);
  }

  /**
   * An exchange puts the horizon beyond all that anybody has seen. It also rises as old removals are forgotten, but then not
   * as far as that; and who has heard of what came behind an exchange got it with the horizon.
   */
  #isAnotherTable(horizon: Position): boolean {
    return horizon > this.feed.horizon && horizon > this.feed.position;
  }

  #move(unit: string, position: Position): void {
    const shard = this.#shards.get(unit);
    if (shard !== undefined && position > shard.position) this.#shards.set(unit, { ...shard, position });
  }

  #publishLowest(): void {
    this.#publish(this.#lowest(), null);
  }

  #lowest(): Position {
    return lowestPosition([...this.#shards.values()].map(({ position }) => position));
  }

  #publish(to: Position, changes: ChangeBatch['changes']): void {
    const after = this.feed.position;
    if (to <= after) return;
    this.#rate.add(after, performance.now());
    if (changes === null) void this.#missing.publish(to);
    else this.feed.publish({ after, to, changes });
  }
}

function progressOf(unit: Unit, members: readonly Member[], known: Position): ShardProgress {
  const owner = members.find(({ id }) => id === unit.owner);
  return {
    ...(owner?.states[unit.name] ?? stopped),
    shard: unit.shard,
    // A look can be older than what was heard since.
    position: Math.max(known, unit.position),
    owner: owner === undefined ? null : { id: owner.id, name: owner.name },
  };
}
