import type { Position } from './event-store.ts';

/** The log's hash at a position; see `nextLogHash`. */
export type ChainLink = { readonly position: Position; readonly hash: string };

/** Hashes of the log, kept beside it: at every thousandth position, and at the last one that was reached. */
export interface LogChain {
  /** The newest link; `null` for an empty chain. */
  lastLink(): Promise<ChainLink | null>;
  /**
   * Adds a link in the place of the one that it goes on from, which stays where its position is a multiple of a thousand.
   * False, and nothing done, when that is not the newest one: another process has been there.
   */
  addLink(link: ChainLink, previous: ChainLink | null): Promise<boolean>;
  /** All links, in the order of their positions. */
  readLinks(): Promise<readonly ChainLink[]>;
}

/** Links at multiples of this stay. An audit names the stretch between two of them when something was changed there. */
export const chainStep = 1_000;
