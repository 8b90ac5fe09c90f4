/** A PostgreSQL server that is up, and what must be done about it at the end. */
export interface Engine extends AsyncDisposable {
  /** Where a client connects: `postgres://user:password@host:port/database`. Holds a password: never print it. */
  readonly url: string;
  /** True when the server already ran: one that was given, or one that another process of ours started. */
  readonly adopted: boolean;
  /** Leaves the server. One of our own stops with its last user; a given one is none of our business. May be called twice. */
  stop(): Promise<void>;
}

/** Called with short lines for people while an engine starts. */
export type EngineLog = (line: string) => void;
