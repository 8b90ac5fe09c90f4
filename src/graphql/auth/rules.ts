import {
  type DirectiveNode,
  type DocumentNode,
  type GraphQLDirective,
  type GraphQLSchema,
  getArgumentValues,
  Kind,
} from 'graphql';
import { LivefoldError } from '../../kernel/errors.ts';

/** One `@allow`. */
export type Rule = {
  /** Any of these; null is for everybody. */
  readonly roles: readonly string[] | null;
  /** What must be equal to the caller's subject, or to what its claim says. */
  readonly own: string | null;
  /** With the caller's subject behind it, or what its claim says, a tag that an event must have. */
  readonly tag: string | null;
  /** The claim, or its path with points, that stands for the subject; null is the subject itself. */
  readonly claim: string | null;
};

/** What a schema's directives say. Several rules in one place mean that any of them is enough. */
export type Rules = {
  /** By type. */
  readonly types: ReadonlyMap<string, readonly Rule[]>;
  /** By type and field, `Query.orders`; the fields of inputs too. */
  readonly fields: ReadonlyMap<string, readonly Rule[]>;
  /** The type whose objects are a projection's rows, by projection. */
  readonly tables: ReadonlyMap<string, string>;
};

type Annotated = {
  readonly name: { readonly value: string };
  readonly directives?: readonly DirectiveNode[] | undefined;
};

/**
 * Reads `@allow` and `@table` from SDL, as it was written: a schema that was put together from several documents may have
 * merged what was repeated in them.
 *
 * @throws LivefoldError `INVALID_RULE` for arguments that the directives do not take
 */
export function readRules(documents: readonly DocumentNode[], schema: GraphQLSchema): Rules {
  const types = new Map<string, readonly Rule[]>();
  const fields = new Map<string, readonly Rule[]>();
  const tables = new Map<string, string>();
  const add = (map: Map<string, readonly Rule[]>, place: string, node: Annotated): void => {
    const rules = argumentsOf(node, place, schema.getDirective('allow')).map(toRule);
    if (rules.length > 0) map.set(place, [...(map.get(place) ?? []), ...rules]);
  };
  for (const node of documents.flatMap(({ definitions }) => definitions)) {
    if (!isOfFields(node)) continue;
    const { value: type } = node.name;
    add(types, type, node);
    for (const field of node.fields ?? []) add(fields, `${type}.${field.name.value}`, field);
    for (const { projection } of argumentsOf(node, type, schema.getDirective('table'))) {
      const table = String(projection);
      if (tables.has(table))
        throw invalidRule(type, `the rows of the projection "${table}" are of a type already`);
      tables.set(table, type);
    }
  }
  return { types, fields, tables };
}

/** A rule that does not mean anything. */
export function invalidRule(place: string, why: string, cause?: unknown): LivefoldError {
  return new LivefoldError('INVALID_RULE', `The rule of ${place} in the schema cannot hold: ${why}.`, {
    fields: { place },
    cause,
  });
}

function isOfFields(node: DocumentNode['definitions'][number]) {
  return (
    node.kind === Kind.OBJECT_TYPE_DEFINITION ||
    node.kind === Kind.OBJECT_TYPE_EXTENSION ||
    node.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION ||
    node.kind === Kind.INPUT_OBJECT_TYPE_EXTENSION
  );
}

function argumentsOf(
  { directives = [] }: Annotated,
  place: string,
  directive: GraphQLDirective | null | undefined,
): readonly Readonly<Record<string, unknown>>[] {
  if (!directive) return [];
  return directives
    .filter(({ name }) => name.value === directive.name)
    .map((node) => {
      try {
        return getArgumentValues(directive, node);
      } catch (cause) {
        throw invalidRule(place, cause instanceof Error ? cause.message : String(cause), cause);
      }
    });
}

function toRule({ roles, own, tag, claim }: Readonly<Record<string, unknown>>): Rule {
  return {
    roles: Array.isArray(roles) ? roles.map(String) : null,
    own: typeof own === 'string' ? own : null,
    tag: typeof tag === 'string' ? tag : null,
    claim: typeof claim === 'string' ? claim : null,
  };
}
