import type { SharedResult } from './shared-result.ts';

/** Where a live subscription's results go: one operation of one client's connection. */
export interface Outlet {
  /** Whether the client takes what it is sent. One that does not is sent nothing: its cursor waits. */
  readonly isFree: boolean;
  /** Resolves when the client takes results again, or is gone. */
  whenFree(): Promise<void>;
  send(result: SharedResult): void;
}

/** Unsent bytes above which a client counts as one that does not take its results. */
export const mostUnsent = 262_144;
