import { isDeepStrictEqual } from 'node:util';
import type { AnyEventDefinition, StoredEvent } from '../../domain/event.ts';
import type { EventRegistry } from '../../domain/event-registry.ts';
import { isLivefoldError } from '../../kernel/errors.ts';

/** An event as one of the schema's types; `data` is what its fields are read from. */
export type TypedEvent = { readonly __typename: string; readonly data: unknown };

/** Why the definitions cannot tell an event's type: by the code of what went wrong. */
const reasons: ReadonlyMap<string, string> = new Map([
  ['UNKNOWN_EVENT_TYPE', 'UNKNOWN_TYPE'],
  ['UNKNOWN_EVENT_VERSION', 'NEWER_VERSION'],
  ['UPCAST_FAILED', 'NOT_UPCAST'],
  ['INVALID_EVENT', 'INVALID'],
]);

/** The event as its definition knows it today, of the type that the schema has for it; else an `UnknownEvent`. */
export function typeEvent(
  event: StoredEvent,
  { registry, names }: { readonly registry: EventRegistry; readonly names: ReadonlyMap<string, string> },
): TypedEvent {
  try {
    const known = registry.understand(event);
    const name = names.get(event.type) ?? 'UnknownEvent';
    return { __typename: name, data: withoutErased(known, registry.definitionOf(event)) };
  } catch (error) {
    const reason = isLivefoldError(error) ? reasons.get(error.code) : undefined;
    if (reason === undefined) throw error;
    const { type, schemaVersion, data } = event;
    return { __typename: 'UnknownEvent', data: { type, schemaVersion, reason, data } };
  }
}

/**
 * The data with null for what was erased: what reads as the definition says that it then does, while the event knows the
 * person no longer.
 */
function withoutErased({ data, personal = [] }: StoredEvent, { erased }: AnyEventDefinition): unknown {
  if (typeof data !== 'object' || data === null) return data;
  const known = new Set(personal.flatMap((one) => Object.keys(one.erased)));
  const gone = Object.entries(data).filter(
    ([member, value]) =>
      Object.hasOwn(erased, member) && !known.has(member) && isDeepStrictEqual(value, erased[member]),
  );
  return gone.length === 0
    ? data
    : { ...data, ...Object.fromEntries(gone.map(([member]) => [member, null])) };
}
