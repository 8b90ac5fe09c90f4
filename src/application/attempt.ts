import type { CommandContext } from '../domain/command.ts';
import type { PreparedEvent } from '../domain/event.ts';
import type { Rejection } from '../domain/rejection.ts';
import type { AppendItem, Receipt } from '../persistence/event-store.ts';
import type { EventOrigin } from './prepare-event.ts';

/** What commands are decided with, beside the state. */
export type DecidingContext = {
  readonly context: CommandContext;
  readonly origin: EventOrigin;
  /** Everything is read as this transaction sees it. */
  readonly transaction: unknown;
  /** Says that nobody waits any more. */
  readonly signal: AbortSignal | undefined;
};

/** What a try to decide gives: the domain's no, or the append to make; and what to do once it is known whether that holds. */
export type Attempt = {
  readonly rejection?: Rejection;
  readonly events: readonly PreparedEvent[];
  readonly guard: Pick<AppendItem, 'expected' | 'condition'>;
  /** What the receipt says when there is nothing to store. */
  readonly stream: string;
  readonly version: number;
  readonly stored: (receipt: Receipt) => Promise<void>;
  readonly refused: () => void;
};
