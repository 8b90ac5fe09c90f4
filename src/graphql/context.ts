import type { Position } from '../persistence/event-store.ts';
import type { Session } from './auth/session.ts';
import type { Backend } from './backend.ts';

/** What every resolver gets as its context: one for each operation. */
export type GraphQLContext = {
  readonly backend: Backend;
  /** Who calls, and what it may. */
  readonly session: Session;
  /** Ties the operation's log lines, errors and events together. */
  readonly correlationId: string;
  /** Where an SSE client wants to resume: its `Last-Event-ID`. */
  readonly resumeAfter: Position | null;
  /** Aborts when the client is gone or the server stops. */
  readonly signal: AbortSignal;
};
