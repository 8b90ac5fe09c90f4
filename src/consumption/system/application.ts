import type { Executable } from '../../application/executable.ts';
import type { AnyEventDefinition, DataOf, StoredEvent, TypeOf } from '../../domain/event.ts';
import { upcastEvent } from '../../domain/upcast-event.ts';
import { LivefoldError } from '../../kernel/errors.ts';

type Reaction = (event: StoredEvent) => readonly Executable[];

/**
 * An application of a system: it has a log of its own, and says what it does about the events of those it follows. What it
 * has to remember in between are aggregates on its own log.
 */
export class Application {
  readonly name: string;
  /** What may be stored in its log. */
  readonly events: readonly AnyEventDefinition[];
  readonly #reactions = new Map<string, Reaction>();

  constructor(name: string, events: readonly AnyEventDefinition[]) {
    this.name = name;
    this.events = events;
  }

  /** The event types that it does something about. */
  get types(): readonly string[] {
    return [...this.#reactions.keys()];
  }

  /**
   * Adds what to do about an event of an application that this one follows: commands for its own log, in this order. They are
   * carried out exactly once, together, in one transaction. `react` is pure; one that the domain rejects is left out.
   *
   * @throws LivefoldError `DUPLICATE_HANDLER` for a type that there is a reaction to
   */
  on<Definition extends AnyEventDefinition>(
    definition: Definition,
    react: (event: StoredEvent<TypeOf<Definition>, DataOf<Definition>>) => readonly Executable[],
  ): this {
    type Known = StoredEvent<TypeOf<Definition>, DataOf<Definition>>;
    if (this.#reactions.has(definition.type))
      throw new LivefoldError(
        'DUPLICATE_HANDLER',
        `The application "${this.name}" has two reactions to "${definition.type}": make them one.`,
        { fields: { application: this.name, type: definition.type } },
      );
    // The type name decides which reaction an event meets, and its data had to fit the definition's schema to be stored.
    this.#reactions.set(definition.type, (event) => react(upcastEvent(definition, event) as Known));
    return this;
  }

  /** The commands that follow from an event; none where there is no reaction to it. */
  reactTo(event: StoredEvent): readonly Executable[] {
    return this.#reactions.get(event.type)?.(event) ?? [];
  }
}

/**
 * Defines an application: `application('Kitchen', { events: [MealCooked] }).on(OrderPlaced, ({ data }) => [Meal.commands.cook(data.orderId, {})])`.
 *
 * @throws LivefoldError `INVALID_NAME` for a name with more than letters, digits, `_` and `-` in it
 */
export function application(
  name: string,
  definition: { readonly events: readonly AnyEventDefinition[] },
): Application {
  // It is part of consumer names and command ids, which have 255 characters and are taken apart at colons.
  if (!/^[A-Za-z0-9_-]{1,60}$/.test(name))
    throw new LivefoldError(
      'INVALID_NAME',
      `"${name}" is no name for an application: use 1 to 60 letters, digits, "_" and "-".`,
    );
  return new Application(name, definition.events);
}
