import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type GraphQLSchema, parse } from 'graphql';
import { checkComplete, checkRules } from './auth/check-rules.ts';
import { guardSchema } from './auth/guard-schema.ts';
import { type Rules, readRules } from './auth/rules.ts';
import type { BackendDefinition } from './backend-definition.ts';
import { coreResolvers } from './core-resolvers.ts';
import { describeEvents } from './events/describe-events.ts';

/** Livefold's own SDL, beside the package's code. */
const coreSdl = fileURLToPath(new URL('../../schema/core.graphql', import.meta.url));

type SchemaParts = Pick<BackendDefinition, 'typeDefs' | 'resolvers' | 'events' | 'projections' | 'roles'>;

/**
 * The schema of a backend: Livefold's own part, the application's, and the types of its events.
 *
 * @throws LivefoldError `INVALID_RULE` for a rule in it that can mean nothing
 */
export function buildBackendSchema(parts: SchemaParts): GraphQLSchema {
  return build(parts).schema;
}

/**
 * The schema of a backend with its rules before the resolvers.
 *
 * @throws LivefoldError `RULE_MISSING` when it leaves open who may use a field
 */
export function buildGuardedSchema(parts: SchemaParts): {
  readonly schema: GraphQLSchema;
  readonly rules: Rules;
} {
  const { schema, rules } = build(parts);
  checkComplete(rules, schema);
  guardSchema(schema, rules);
  return { schema, rules };
}

function build({ typeDefs, resolvers, events, projections, roles }: SchemaParts) {
  const written = [readFileSync(coreSdl, 'utf8'), ...[typeDefs].flat()];
  const described = describeEvents(events, new Set(written.flatMap(typeNamesOf)));
  const schema = makeExecutableSchema({
    typeDefs: [...written, described.typeDefs].filter((sdl) => sdl !== ''),
    resolvers: [coreResolvers, described.resolvers, resolvers],
  });
  const rules = readRules(
    written.map((text) => parse(text)),
    schema,
  );
  checkRules(rules, schema, { projections, roles });
  return { schema, rules };
}

function typeNamesOf(sdl: string): readonly string[] {
  return parse(sdl).definitions.flatMap((definition) =>
    'name' in definition && definition.name !== undefined ? [definition.name.value] : [],
  );
}
