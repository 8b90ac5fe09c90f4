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
import { buildBackendSchema } from '../../../src/graphql/build-schema.ts';
import { createId } from '../../../src/kernel/ids.ts';
import { createTranscoder } from '../../../src/persistence/mapper/transcoder.ts';

/** The schema of a backend with these events and nothing else. */
export function schemaOf(events: readonly AnyEventDefinition[], typeDefs = ''): GraphQLSchema {
  return buildBackendSchema({ typeDefs: [typeDefs].filter((sdl) => sdl !== ''), resolvers: {}, events });
}

/** What a client asks to see all of every typed event. Each type's fields have its name before them: types may disagree. */
export function selectEvent(schema: GraphQLSchema): string {
  const union = schema.getType('DomainEvent');
  if (!isUnionType(union)) throw new Error('There are no typed events.');
  const parts = union.getTypes().map((type) => `... on ${type.name} ${selection(type, type.name, 3)}`);
  return `{ __typename ${parts.join(' ')} }`;
}

function selection(type: GraphQLOutputType, prefix: string, depth: number): string {
  const named = getNamedType(type);
  if (!isObjectType(named)) return '';
  const fields = Object.values(named.getFields()).filter(
    (field) => depth > 0 || !isObjectType(getNamedType(field.type)),
  );
  return `{ ${['__typename', ...fields.map((field) => `${prefix === '' ? '' : `${prefix}_${field.name}: `}${field.name} ${selection(field.type, '', depth - 1)}`)].join(' ')} }`;
}

/** A stored event. */
export function storedEvent(type: string, data: unknown, more: Partial<StoredEvent> = {}): StoredEvent {
  return {
    ...{ position: 1, id: createId(), stream: 'Thing-1', version: 1, type, schemaVersion: 1, data, tags: [] },
    ...{ correlationId: null, causationId: null, actor: null, tenant: null, metadata: null },
    ...{ occurredAt: new Date(0), recordedAt: new Date(0), ...more },
  };
}

/** Events as the schema shows them, each as JSON says it; throws what GraphQL says is wrong. */
// biome-ignore lint/suspicious/noExplicitAny: each event type has its own shape.
export async function readTyped(schema: GraphQLSchema, events: readonly StoredEvent[]): Promise<any[]> {
  const store = { read: () => Readable.from(events) };
  const contextValue = { backend: { store, transcoder: createTranscoder() } };
  const source = `{ notificationLog(first: 1000) { nodes { event ${selectEvent(schema)} } } }`;
  const { data, errors } = await graphql({ schema, source, contextValue });
  if (errors !== undefined) throw errors[0];
  return JSON.parse(JSON.stringify(data)).notificationLog.nodes.map(({ event }: { event: unknown }) => event);
}
