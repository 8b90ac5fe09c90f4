import type { Position } from '../persistence/event-store.ts';

/** What an operator can have done about a parked key: fold its events again, or leave the first of them out. */
export type ParkedAction = 'retry' | 'skip';

/** A key whose events are kept back: the first could not be handled, the others came behind it. */
export type ParkedKey = {
  readonly key: string;
  /** Of the event that could not be handled, which is the first of those kept back; 0 for a timer of a process manager. */
  readonly position: Position;
  /** The event's type; empty for a timer. */
  readonly type: string;
  /** A code, a colon and what went wrong. */
  readonly error: string;
  /** How often that event was tried. */
  readonly failures: number;
  /** How many events are kept back behind it. */
  readonly waiting: number;
  readonly parkedAt: Date;
  /** When it is tried again by itself; null when that was done often enough, and an operator is to decide. */
  readonly nextTry: Date | null;
  /** What an operator has asked for and is not done yet. */
  readonly asked: ParkedAction | null;
};

/** A parked key that is to be tried again, and in how many milliseconds from now. */
export type DueKey = { readonly key: string; readonly asked: ParkedAction | null; readonly wait: number };

/** An event that is kept back for a key, how often it was tried, and what an operator wants done about it. */
export type WaitingEvent = {
  readonly position: Position;
  readonly failures: number;
  readonly asked: ParkedAction | null;
  /** Another one whenever somebody asks: what is asked for while something is done about the key is yet to be done. */
  readonly revision: string;
};

/** An event that a key's fold is without: it was left out, or waits. */
export type KeptEvent = { readonly key: string; readonly position: Position };

/**
 * The events that consumers keep back, by key. Only whoever has the lease of a consumer's unit adds and removes them, in the
 * transactions of its work; everyone can look and ask.
 */
export interface ParkedStore {
  /** The keys of a consumer that have something kept back. */
  keys(consumer: string): Promise<readonly string[]>;
  /** The same keys, each with the first event that is kept back for it. */
  first(consumer: string): Promise<readonly KeptEvent[]>;
  /** Those that are to be tried again, by themselves or because somebody asked, soonest first. */
  due(consumer: string): Promise<readonly DueKey[]>;
  /** The first events that are kept back for a key. */
  waiting(consumer: string, key: string, limit: number): Promise<readonly WaitingEvent[]>;
  count(consumer: string): Promise<number>;
  /** The parked keys in order, behind one of them when `after` is given. */
  list(
    consumer: string,
    options: {
      readonly first: number;
      readonly after?: string | undefined;
      readonly key?: string | undefined;
    },
  ): Promise<readonly ParkedKey[]>;
  /** Asks whoever works on the consumer to do something about a key, or about all; says about how many. */
  ask(consumer: string, action: ParkedAction, key?: string | undefined): Promise<number>;
  /** Whether a process is up that works on the consumer, and so does what is asked. */
  isWorkedOn(consumer: string): Promise<boolean>;
  /** What was left out of a consumer's folds. */
  skipped(consumer: string): Promise<readonly KeptEvent[]>;
}
