import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type GraphQLSchema, parse } from 'graphql';
import type { BackendDefinition } from './backend-definition.ts';
import { coreResolvers } from './core-resolvers.ts';
import { describeEvents } from './events/describe-events.ts';

/** Livefold's own SDL, beside the package's code. */
const coreSdl = fileURLToPath(new URL('../../schema/core.graphql', import.meta.url));

/** The schema of a backend: Livefold's own part, the application's, and the types of its events. */
export function buildBackendSchema({
  typeDefs,
  resolvers,
  events,
}: Pick<BackendDefinition, 'typeDefs' | 'resolvers' | 'events'>): GraphQLSchema {
  const written = [readFileSync(coreSdl, 'utf8'), ...[typeDefs].flat()];
  const described = describeEvents(events, new Set(written.flatMap(typeNamesOf)));
  return makeExecutableSchema({
    typeDefs: [...written, described.typeDefs].filter((sdl) => sdl !== ''),
    resolvers: [coreResolvers, described.resolvers, resolvers],
  });
}

function typeNamesOf(sdl: string): readonly string[] {
  return parse(sdl).definitions.flatMap((definition) =>
    'name' in definition && definition.name !== undefined ? [definition.name.value] : [],
  );
}
