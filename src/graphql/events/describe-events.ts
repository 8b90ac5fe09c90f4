import type { AnyEventDefinition, StoredEvent } from '../../domain/event.ts';
import { EventRegistry } from '../../domain/event-registry.ts';
import { faultInJson } from '../../persistence/check-json.ts';
import type { AnyResolvers } from '../backend-definition.ts';
import type { GraphQLContext } from '../context.ts';
import { takeName, toGraphQLName } from './names.ts';
import { type ObjectType, type OutputField, outputTypesOf } from './output-types.ts';
import { printTypes } from './print-types.ts';
import { type TypedEvent, typeEvent } from './typed-event.ts';

/** SDL and the resolvers that go with it. */
export type SchemaPart = { readonly typeDefs: string; readonly resolvers: AnyResolvers };

/**
 * The part of a schema that shows events typed: `Notification.event`, and a type for each definition, made from the very
 * schema that its events are checked by. `taken` are the names of the types there are already.
 */
export function describeEvents(
  definitions: readonly AnyEventDefinition[],
  taken: ReadonlySet<string>,
): SchemaPart {
  const names = new Set(taken);
  const members = nameEvents(definitions, names);
  const types = definitions.flatMap((one) => outputTypesOf(one, members.get(one.type) ?? one.type, names));
  const union = [...members.values()].join(' | ');
  return {
    typeDefs: members.size === 0 ? '' : `${printTypes(types)}\nextend union DomainEvent = ${union}`,
    resolvers: {
      Notification: { event: createTyping(definitions, members) },
      UnknownEvent: {
        type: fieldOf('type'),
        schemaVersion: fieldOf('schemaVersion'),
        reason: fieldOf('reason'),
        data: encoded(fieldOf('data')),
      },
      ...resolversOf(
        types.filter((type) => type.kind === 'object'),
        new Set(members.values()),
      ),
    },
  };
}

/** The type that shows each event type. All have theirs before the types of what is in them take any name. */
function nameEvents(
  definitions: readonly AnyEventDefinition[],
  taken: Set<string>,
): ReadonlyMap<string, string> {
  // Of two that would have one name the same one gets it, however somebody sorts the definitions.
  const types = definitions.map(({ type }) => type).sort();
  return new Map(
    types.map((type) => {
      const name = toGraphQLName(type);
      return [type, takeName(taken.has(name) ? `${name}Event` : name, taken)];
    }),
  );
}

/** An event is the same for all who watch the log. */
function createTyping(definitions: readonly AnyEventDefinition[], names: ReadonlyMap<string, string>) {
  const registry = new EventRegistry(definitions);
  const typed = new WeakMap<StoredEvent, TypedEvent>();
  return (event: StoredEvent): TypedEvent => {
    const known = typed.get(event) ?? typeEvent(event, { registry, names });
    typed.set(event, known);
    return known;
  };
}

type Resolver = (source: unknown, args: unknown, context: GraphQLContext) => unknown;

function resolversOf(types: readonly ObjectType[], events: ReadonlySet<string>): AnyResolvers {
  return Object.fromEntries(
    types.map(({ name, fields }) => [
      name,
      Object.fromEntries(fields.map((field) => [field.name, resolverOf(field, events.has(name))])),
    ]),
  );
}

function resolverOf({ member, type }: OutputField, isEvent: boolean): Resolver {
  const read = isEvent ? fieldOf(member) : (source: unknown) => memberOf(source, member);
  return type.includes('JSON') ? encoded(read) : read;
}

/** A member of a typed event's data, or the data itself. */
function fieldOf(member: string | null) {
  return (source: unknown): unknown => memberOf(memberOf(source, 'data'), member);
}

/** Data may lack a member that all objects inherit: only its own are its. */
function memberOf(source: unknown, member: string | null): unknown {
  if (member === null) return source;
  const value = Object.getOwnPropertyDescriptor(Object(source), member)?.value;
  return value ?? null;
}

/** What has no type is shown as the data has it; what JSON lacks is written as an archive has it. */
function encoded(read: (source: unknown) => unknown): Resolver {
  return (source, _, { backend }) => {
    const value = read(source);
    return faultInJson(value) === undefined ? value : backend.transcoder.encode(value);
  };
}
