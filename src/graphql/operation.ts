import { createId } from '../kernel/ids.ts';
import type { Position } from '../persistence/event-store.ts';
import type { Admit } from './admission.ts';
import type { Session } from './auth/session.ts';
import type { Outlet } from './outlet.ts';

/** What a transport knows of one operation, before it is parsed. */
export type Operation = {
  /** Ties the operation's log lines, errors and events together. */
  readonly correlationId: string;
  /** The caller's `Authorization`, from the HTTP header or the WebSocket's connection parameters. */
  readonly authorization: string | null;
  /** The session of the connection that it came over; each HTTP request has one of its own. */
  readonly session: Session | null;
  /** Takes its points from its caller; it may be asked to more than once. */
  readonly admit: Admit;
  /** The SSE client's `Last-Event-ID`, as it was sent. */
  readonly lastEventId: string | null;
  /** Aborts when the client is gone or the server can wait no longer. */
  readonly signal: AbortSignal;
  /** Where a live subscription's results go; where there is none they are pulled, as those of any other subscription. */
  readonly outlet?: Outlet;
};

/** What a context is made from: one for each operation. */
export type ContextRequest = Pick<Operation, 'correlationId' | 'authorization' | 'signal'> & {
  readonly session: Session;
  /** The position behind which an SSE client wants to resume. */
  readonly resumeAfter: Position | null;
};

/** Makes what every resolver of an operation gets as its context. */
export type CreateContext = (request: ContextRequest) => object | Promise<object>;

const wellFormed = /^[A-Za-z0-9._-]{1,128}$/;

/** The caller's correlation id where it is well-formed, which keeps log lines clean, otherwise a new one. */
export function correlationIdFrom(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' && wellFormed.test(header) ? header : createId();
}
