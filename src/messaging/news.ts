import type { Bell } from '../kernel/async.ts';

/**
 * What the processes of one application tell one another about who runs what and how far it is. Like a wake-up it is a hint
 * that can be lost: the tables are the truth, and whoever depends on news looks there every now and then.
 */
export interface News {
  /** Rings when a process came, left or gave something up, and when something may have passed unheard. */
  readonly members: Bell;
  /** Rings when tokens were revoked, and when something may have passed unheard. */
  readonly revocations: Bell;
  /** Has a listener told of every move of a consumer, or of one shard of it, to a position. */
  onMove(listener: (unit: string, position: number) => void): void;
  /** Has a listener told when something about a consumer's parked keys is to be looked at, and whether rows of theirs have changed. */
  onParked(listener: (consumer: string, hasChanged: boolean) => void): void;
}
