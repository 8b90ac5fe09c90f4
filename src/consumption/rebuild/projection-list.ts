import type { Position } from '../../persistence/event-store.ts';
import type { UnitStatus } from '../lease-store.ts';
import type { AnyProjection } from '../projection.ts';
import type { KnownProjections, ProjectionRecord } from './projection-records.ts';

export type ListedStatus =
  | UnitStatus
  /** Defined, and never begun. */
  | 'NEW'
  /** Begun, and not defined any more. */
  | 'REMOVED'
  /** A table that a rebuild is building, has left unfinished, or has kept. */
  | 'REBUILDING'
  | 'UNFINISHED'
  | 'KEPT';

/** A projection as an operator sees it, or a table beside it. */
export type ListedProjection = {
  readonly name: string;
  readonly status: ListedStatus;
  readonly position: Position;
  readonly lag: number;
  /** Who works on it; its shards may be with several processes. */
  readonly owners: readonly string[];
  readonly shards: number;
  readonly parked: number;
  readonly isOutdated: boolean;
  readonly lastError: string | null;
};

/** From the one that most needs a look. */
const statuses: readonly UnitStatus[] = ['RETRYING', 'STOPPED', 'CATCHING_UP', 'LIVE'];

/** All projections that are defined or kept, from what the database knows of them. */
export function listKnown(
  projections: readonly AnyProjection[],
  { head, records }: KnownProjections,
): readonly ListedProjection[] {
  const fresh = projections.filter(({ name }) => records.every((record) => record.name !== name));
  const known = records.map((record): ListedProjection => {
    const projection = projections.find(({ name }) => name === record.name);
    const owners = record.units.flatMap(({ owner }) => (owner === null ? [] : [owner]));
    return {
      ...{ name: record.name, position: record.position, parked: record.parked },
      status: statusOf(record, projection, head),
      lag: Math.max(0, head - record.position),
      owners: [...new Set(owners)],
      shards: record.units.length,
      isOutdated:
        projection !== undefined &&
        record.definition !== null &&
        record.definition !== projection.fingerprint,
      lastError: errorOf(record),
    };
  });
  return [...fresh.map(({ name, shards }) => newcomer(name, shards, head)), ...known].toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}

function newcomer(name: string, shards: number, head: Position): ListedProjection {
  const nothing = { position: 0, owners: [], parked: 0, isOutdated: false, lastError: null };
  return { name, status: 'NEW', lag: head, shards, ...nothing };
}

function statusOf(
  record: ProjectionRecord,
  projection: AnyProjection | undefined,
  head: Position,
): ListedStatus {
  const { name, units, fault, beyond, position } = record;
  if (name.endsWith('@old')) return 'KEPT';
  if (name.endsWith('@next')) return units.some(({ owner }) => owner !== null) ? 'REBUILDING' : 'UNFINISHED';
  if (projection === undefined) return 'REMOVED';
  if (fault !== null || beyond !== null) return 'STOPPED';
  // Whoever appends folds it: nobody says how it is doing.
  if (projection.mode === 'inline') return position < head ? 'CATCHING_UP' : 'LIVE';
  const said = units.map(({ owner, state }) => (owner === null ? 'STOPPED' : (state?.status ?? 'STOPPED')));
  return statuses.find((status) => said.includes(status)) ?? 'STOPPED';
}

function errorOf({ fault, beyond, position, units }: ProjectionRecord): string | null {
  if (fault !== null) return fault;
  if (beyond !== null)
    return `It has folded ${position} events and the log has had only ${beyond}: rebuild it.`;
  return units.find(({ state }) => state?.lastError != null)?.state?.lastError ?? null;
}
