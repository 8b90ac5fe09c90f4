import { createHash, hash } from 'node:crypto';
import type { StoredEvent } from '../../domain/event.ts';
import { eventLine } from './event-line.ts';

/** The hash before the first event. */
export const emptyLogHash = hash('sha256', 'livefold log');

/**
 * The log's hash behind one more event: SHA-256 over the hash before it and the event's line, as hex. Whoever knows the hash at
 * a position knows every event up to there: none can be changed, removed, added or moved without changing it.
 */
export function nextLogHash(before: string, event: StoredEvent): string {
  return createHash('sha256').update(before).update('\n').update(eventLine(event)).digest('hex');
}
