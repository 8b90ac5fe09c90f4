import type { AnyEventDefinition, PreparedEvent } from './event.ts';
import { upcast } from './upcast.ts';

/**
 * The event as its definition knows it today: older data goes through the upcasters in sequence.
 *
 * @throws LivefoldError `UNKNOWN_EVENT_VERSION` when a newer program wrote it, naming type, stream and version
 * @throws LivefoldError `UPCAST_FAILED` when an upcaster is missing or throws
 */
export function upcastEvent<Event extends PreparedEvent>(
  { type, schemaVersion, upcasters }: AnyEventDefinition,
  event: Event,
): Event {
  if (event.schemaVersion === schemaVersion) return event;
  const { stream, id } = event;
  const fields = { type, stream, id, ...('version' in event && { version: event.version }) };
  const data = upcast(event.data, event.schemaVersion, {
    to: schemaVersion,
    upcasters,
    subject: { what: `The event ${type} of the stream "${stream}"`, fields },
  });
  return { ...event, data, schemaVersion };
}
