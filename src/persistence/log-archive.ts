import type { StoredEvent } from '../domain/event.ts';
import type { Position } from './event-store.ts';

/** What the log remembers of a command: its events are the `events` that end at `position`. */
export type StoredCommand = {
  readonly id: string;
  readonly fingerprint: string;
  readonly position: Position;
  readonly events: number;
};

/** An event's tag that its index lacks, or an entry of the index that no event has. */
export type TagFault = { readonly tag: string; readonly position: Position; readonly isMissing: boolean };

/** A whole log as it is: to move it from one store to another, and to see whether it is whole. */
export interface LogArchive {
  /** The commands stored behind one position up to another, by position and id. Those without events stand at the position they found; at 0 only when `after` is −1. */
  readCommands(range: { readonly after: Position; readonly upTo: Position }): AsyncIterable<StoredCommand>;
  /**
   * Adds events and commands exactly as they were elsewhere, positions, versions and times included; a command that is there
   * already stays.
   *
   * @throws LivefoldError `CONCURRENCY_CONFLICT` when the events do not follow on the log's head
   */
  restore(part: {
    readonly events: readonly StoredEvent[];
    readonly commands: readonly StoredCommand[];
  }): Promise<void>;
  /** Compares the index of tags with the tags of the events: how many there are, and at most 100 faults. */
  checkTags(): Promise<{ readonly checked: number; readonly faults: readonly TagFault[] }>;
}
