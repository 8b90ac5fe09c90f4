import { Readable } from 'node:stream';
import {
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  graphql,
  isObjectType,
  isUnionType,
} from 'graphql';
import type { AnyEventDefinition, StoredEvent } from '../../../src/domain/event.ts';
import { Session } from '../../../src/graphql/auth/session.ts';
import { buildBackendSchema } from '../../../src/graphql/build-schema.ts';
import { createId } from '../../../src/kernel/ids.ts';
import { createTranscoder } from '../../../src/persistence/mapper/transcoder.ts';

/** The schema of a backend with these events and nothing else. */
export function schemaOf(events: readonly AnyEventDefinition[], typeDefs = ''): GraphQLSchema {
  return buildBackendSchema({
    typeDefs: [typeDefs].filter((sdl) => sdl !== ''),
    resolvers: {},
    projections: [],
    events,
  });
}

/**
 * What a client asks to see all of every typed event. Where two types have a field of one name in different types, the
 * field has its type's name before it: GraphQL shows no two under one name.
 */
export function selectEvent(schema: GraphQLSchema): string {
  const union = schema.getType('DomainEvent');
  if (!isUnionType(union)) throw new Error('There are no typed events.');
  const fields = union.getTypes().flatMap((type) => Object.values(type.getFields()));
  const isAmbiguous = (name: string): boolean =>
    new Set(fields.filter((field) => field.name === name).map(({ type }) => shapeOf(type))).size > 1;
  const parts = union.getTypes().map((type) => {
    const alias = (name: string): string => (isAmbiguous(name) ? `${type.name}_${name}: ` : '');
    return `... on ${type.name} ${selection(type, 3, alias)}`;
  });
  return `{ __typename ${parts.join(' ')} }`;
}

/** A type as two fields of one name have to agree on it: objects may differ. */
function shapeOf(type: GraphQLOutputType): string {
  return isObjectType(getNamedType(type)) ? String(type).replace(/\w+/, 'Object') : String(type);
}

function selection(
  type: GraphQLOutputType,
  depth: number,
  alias: (name: string) => string = () => '',
): string {
  const named = getNamedType(type);
  if (!isObjectType(named)) return '';
  const fields = Object.values(named.getFields())
    .filter((field) => depth > 0 || !isObjectType(getNamedType(field.type)))
    .map(({ name, type: of }) => `${alias(name)}${name} ${selection(of, depth - 1)}`);
  return `{ ${['__typename', ...fields].join(' ')} }`;
}

/** A typed event by the names of its fields. */
export function withoutAliases({
  __typename,
  ...shown
}: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const prefix = `${__typename}_`;
  return Object.fromEntries(
    Object.entries(shown).map(([name, value]) => [
      name.startsWith(prefix) ? name.slice(prefix.length) : name,
      withoutTypes(value),
    ]),
  );
}

/** Without the names of the types, at any depth. */
export function withoutTypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTypes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) =>
      name === '__typename' ? [] : [[name, withoutTypes(member)]],
    ),
  );
}

/** A stored event. */
export function storedEvent(type: string, data: unknown, more: Partial<StoredEvent> = {}): StoredEvent {
  return {
    ...{ position: 1, id: createId(), stream: 'Thing-1', version: 1, type, schemaVersion: 1, data, tags: [] },
    ...{ correlationId: null, causationId: null, actor: null, tenant: null, metadata: null },
    ...{ occurredAt: new Date(0), recordedAt: new Date(0), ...more },
  };
}

type Shown = { readonly event: Readonly<Record<string, unknown>> };

/** Events as the schema shows them, each as JSON says it; throws what GraphQL says is wrong. */
// biome-ignore lint/suspicious/noExplicitAny: each event type has its own shape.
export async function readTyped(schema: GraphQLSchema, events: readonly StoredEvent[]): Promise<any[]> {
  const store = { read: () => Readable.from(events) };
  const contextValue = { session: new Session(), backend: { store, transcoder: createTranscoder() } };
  const source = `{ notificationLog(first: 1000) { nodes { event ${selectEvent(schema)} } } }`;
  const { data, errors } = await graphql({ schema, source, contextValue });
  if (errors !== undefined) throw errors[0];
  return JSON.parse(JSON.stringify(data)).notificationLog.nodes.map(({ event }: Shown) => ({
    __typename: event.__typename,
    ...withoutAliases(event),
  }));
}
