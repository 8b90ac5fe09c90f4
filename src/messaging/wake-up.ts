import type { Bell } from '../kernel/async.ts';

/**
 * Tells the consumers of this process that the log may have grown. A ring is a hint, never the truth: it can come
 * twice, late or not at all, so whoever waits does so with a timeout and then reads the log itself.
 */
export interface WakeUp extends AsyncDisposable {
  readonly bell: Bell;
  /** Says that the log has come to a position, and rings unless that is old news: an append is heard of in several ways. */
  hear(position: number): void;
  stop(): Promise<void>;
}
