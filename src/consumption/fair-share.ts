import type { Member, Unit } from './lease-store.ts';

type Asked = Pick<Unit, 'name' | 'consumer' | 'owner' | 'shard'>;
type Candidate = Pick<Member, 'id' | 'consumers'>;

/** A number for each member, none yet counting as 0. */
class Counts {
  readonly #counts = new Map<string, number>();

  of(member: string): number {
    return this.#counts.get(member) ?? 0;
  }

  add(member: string, change: number): void {
    this.#counts.set(member, this.of(member) + change);
  }
}

/**
 * Which member is to work on which unit: evenly, each sharded consumer for itself and all units together, and with as few
 * changes of hands as that takes. Everyone who knows the same gets the same answer. Units that no member can run are left out.
 */
export function fairShare(
  units: readonly Asked[],
  members: readonly Candidate[],
): ReadonlyMap<string, string> {
  const share = new Map<string, string>();
  const total = new Counts();
  const ordered = members.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const byConsumer = Map.groupBy(units, ({ consumer }) => consumer);
  const sharded = [...byConsumer.keys()].filter((name) => (byConsumer.get(name)?.length ?? 0) > 1).sort();
  for (const name of sharded) {
    const group = byConsumer.get(name) ?? [];
    if (isToBeReshaped(name, group, members)) gather(group, ordered, total, share);
    else spread(group, ordered, total, share);
  }
  // Those of one shard come last: they even out what the shards left uneven.
  const rest = units.filter(({ consumer }) => byConsumer.get(consumer)?.length === 1);
  spread(rest, ordered, total, share);
  return share;
}

/** Whether a consumer is spread over another number of shards than all who can run it want; while they differ it stays. */
export function isToBeReshaped(
  consumer: string,
  units: readonly Pick<Unit, 'shard'>[],
  members: readonly Pick<Member, 'consumers'>[],
): boolean {
  const [wanted, ...others] = new Set(
    members.flatMap(({ consumers }) => (consumers[consumer] === undefined ? [] : [consumers[consumer]])),
  );
  return wanted !== undefined && others.length === 0 && units[0]?.shard.count !== wanted;
}

/** All to one member: whoever has most of them, else whoever has least to do. */
function gather(
  group: readonly Asked[],
  members: readonly Candidate[],
  total: Counts,
  share: Map<string, string>,
): void {
  const held = (id: string): number => group.filter(({ owner }) => owner === id).length;
  const able = members.filter(({ consumers }) =>
    group.some(({ consumer }) => Object.hasOwn(consumers, consumer)),
  );
  const [chosen] = able.toSorted((a, b) => held(b.id) - held(a.id) || total.of(a.id) - total.of(b.id));
  if (chosen === undefined) return;
  for (const { name } of group) share.set(name, chosen.id);
  total.add(chosen.id, group.length);
}

/** Units that compete: shards of one consumer, or those that have a consumer for themselves. */
function spread(
  pool: readonly Asked[],
  members: readonly Candidate[],
  total: Counts,
  share: Map<string, string>,
): void {
  const ofPool = new Counts();
  const isGroup = new Set(pool.map(({ consumer }) => consumer)).size === 1;
  const give = (unit: Asked, to: string): void => {
    const from = share.get(unit.name);
    for (const counts of [ofPool, total]) {
      if (from !== undefined) counts.add(from, -1);
      counts.add(to, 1);
    }
    share.set(unit.name, to);
  };
  const able = (unit: Asked): readonly string[] =>
    members.filter(({ consumers }) => Object.hasOwn(consumers, unit.consumer)).map(({ id }) => id);
  /** Whether a unit less for one and one more for the other evens things out. */
  const isBetter = (from: string, to: string): boolean => {
    const isEvener = total.of(from) > total.of(to) + 1;
    if (!isGroup) return isEvener;
    const difference = ofPool.of(from) - ofPool.of(to);
    return difference > 1 || (difference === 1 && isEvener);
  };
  const idlest = (ids: readonly string[]): string | undefined =>
    ids.toSorted((a, b) => (isGroup ? ofPool.of(a) - ofPool.of(b) : 0) || total.of(a) - total.of(b))[0];

  const ordered = pool.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const unit of ordered)
    if (unit.owner !== null && able(unit).includes(unit.owner)) give(unit, unit.owner);
  for (const unit of ordered) {
    const to = share.has(unit.name) ? undefined : idlest(able(unit));
    if (to !== undefined) give(unit, to);
  }
  for (let hasMoved = true; hasMoved; ) {
    hasMoved = false;
    for (const unit of ordered) {
      const from = share.get(unit.name);
      const to = idlest(able(unit));
      if (from === undefined || to === undefined || !isBetter(from, to)) continue;
      give(unit, to);
      hasMoved = true;
    }
  }
}
