import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import type { BackendDefinition } from './backend-definition.ts';
import { coreResolvers } from './core-resolvers.ts';

/** Livefold's own SDL, beside the package's code. */
const coreSdl = fileURLToPath(new URL('../../schema/core.graphql', import.meta.url));

/** The schema of a backend: Livefold's own part and the application's. */
export function buildBackendSchema({
  typeDefs,
  resolvers,
}: Pick<BackendDefinition, 'typeDefs' | 'resolvers'>): GraphQLSchema {
  return makeExecutableSchema({
    typeDefs: [readFileSync(coreSdl, 'utf8'), ...[typeDefs].flat()],
    resolvers: [coreResolvers, resolvers],
  });
}
