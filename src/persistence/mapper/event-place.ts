import type { PreparedEvent, StoredEvent } from '../../domain/event.ts';
import { isLivefoldError, LivefoldError } from '../../kernel/errors.ts';

type AnyEvent = PreparedEvent | StoredEvent;

/** Where an event's sealed data belongs. A store may write the id's digits as it likes. */
export function placeOfData({ id, type }: AnyEvent): string {
  return JSON.stringify(['event', id.toLowerCase(), type]);
}

/** Where the sealed fields about a person belong. */
export function placeOfPersonal({ id }: AnyEvent, subject: string): string {
  return JSON.stringify(['personal', id.toLowerCase(), subject]);
}

/** An error of a mapper's step, with the event that it is about. */
export function aboutEvent(error: unknown, event: AnyEvent): unknown {
  if (!isLivefoldError(error)) return error;
  const { type, stream, id } = event;
  const stored = 'position' in event ? { version: event.version, position: event.position } : undefined;
  const where = stored === undefined ? '' : `, version ${stored.version}, position ${stored.position}`;
  return new LivefoldError(
    error.code,
    `The event ${type} of the stream "${stream}"${where}: ${error.message}`,
    { fields: { ...error.fields, type, stream, id, ...stored }, cause: error.cause },
  );
}
