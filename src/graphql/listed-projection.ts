import type { UnitStatus } from '../consumption/lease-store.ts';
import type { Position } from '../persistence/event-store.ts';

type Owner = { readonly id: string; readonly name: string };

type Progress = {
  readonly position: Position;
  readonly lag: number;
  readonly status: UnitStatus;
  readonly lastError: string | null;
  readonly owner: Owner | null;
};

/** A projection and how far it is, without what is looked up for those who ask for it. */
export type ListedProjection = Progress & {
  readonly name: string;
  readonly head: Position;
  readonly rate: number;
  readonly isOutdated: boolean;
  readonly shards: readonly (Progress & { readonly shard: number })[];
};

/** The parked keys of a projection or a process manager, before anybody has asked for any of them. */
export type ParkedOf = { readonly consumer: string };
