import { LivefoldError } from '../kernel/errors.ts';
import type { AnyEventDefinition, PreparedEvent } from './event.ts';
import { upcastEvent } from './upcast-event.ts';
import { validate } from './validate.ts';

/** Every event type that an application knows, by name. */
export class EventRegistry {
  readonly #definitions = new Map<string, AnyEventDefinition>();

  /** @throws LivefoldError `DUPLICATE_EVENT_TYPE` when two definitions have one name */
  constructor(definitions: readonly AnyEventDefinition[]) {
    for (const definition of definitions) {
      if (this.#definitions.has(definition.type))
        throw new LivefoldError(
          'DUPLICATE_EVENT_TYPE',
          `There are two event types with the name "${definition.type}": the log could not tell them apart.`,
          { fields: { type: definition.type } },
        );
      this.#definitions.set(definition.type, definition);
    }
  }

  get definitions(): readonly AnyEventDefinition[] {
    return [...this.#definitions.values()];
  }

  /** @throws LivefoldError `UNKNOWN_EVENT_TYPE` naming type, stream and version */
  definitionOf(event: PreparedEvent): AnyEventDefinition {
    const definition = this.#definitions.get(event.type);
    if (definition !== undefined) return definition;
    const { type, stream, id } = event;
    const version = 'version' in event ? event.version : undefined;
    throw new LivefoldError(
      'UNKNOWN_EVENT_TYPE',
      `No event type "${type}" is known, but the stream "${stream}" has one${version === undefined ? '' : ` at version ${version}`}: list its definition among the backend's \`events\`.`,
      { fields: { type, stream, id, version } },
    );
  }

  /**
   * The event as its definition knows it today.
   *
   * @throws LivefoldError `UNKNOWN_EVENT_TYPE`, `UNKNOWN_EVENT_VERSION`, `UPCAST_FAILED`
   * @throws LivefoldError `INVALID_EVENT` when its data does not fit today's schema
   */
  understand<Event extends PreparedEvent>(event: Event): Event {
    const definition = this.definitionOf(event);
    const known = upcastEvent(definition, event);
    validate(definition.schema, known.data, {
      code: 'INVALID_EVENT',
      what: `event ${event.type} of the stream "${event.stream}"`,
    });
    return known;
  }
}
