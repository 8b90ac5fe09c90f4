import { LivefoldError } from '../kernel/errors.ts';
import type { AppendItem } from './event-store.ts';

/** The error for an append that does not hold; `why` completes "The append was refused, since …". */
export function appendConflict(item: AppendItem, why: string, cause?: unknown): LivefoldError {
  const streams = new Set([
    ...(item.expected ?? []).map(({ stream }) => stream),
    ...item.events.map(({ stream }) => stream),
  ]);
  return new LivefoldError(
    'CONCURRENCY_CONFLICT',
    `The append was refused, since ${why}: read again and decide again.`,
    { fields: { streams: [...streams] }, cause },
  );
}

/** The error for a command id that stands for another input already. */
export function commandIdReused(commandId: string): LivefoldError {
  return new LivefoldError(
    'COMMAND_ID_REUSED',
    `The command id "${commandId}" was used before with another input: take a new id for a new command.`,
    { fields: { commandId } },
  );
}

/** The error for a consumer that is at or behind the position to move it to. */
export function consumerConflict(consumer: string, position: number, current: number): LivefoldError {
  return new LivefoldError(
    'CONCURRENCY_CONFLICT',
    `The consumer "${consumer}" is at position ${current} already and cannot move to ${position}: another one did this work.`,
    { fields: { consumer, position, current } },
  );
}
