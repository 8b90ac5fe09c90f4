import { type Column, getTableColumns } from 'drizzle-orm';
import {
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInputObjectType,
  isObjectType,
} from 'graphql';
import type { AnyProjection } from '../../consumption/projection.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import { invalidRule, type Rule, type Rules } from './rules.ts';

/** What rules are about, besides the schema. */
type Known = {
  readonly projections: readonly AnyProjection[];
  /** The roles that there are, besides Livefold's own; any unless given. */
  readonly roles?: readonly string[] | undefined;
};

/**
 * Refuses rules that can mean nothing: about a projection, column, argument or role that is not there.
 *
 * @throws LivefoldError `INVALID_RULE`
 */
export function checkRules(rules: Rules, schema: GraphQLSchema, { projections, roles }: Known): void {
  for (const [place, given] of [...rules.types, ...rules.fields]) {
    checkClaims(place, given);
    if (roles !== undefined) checkRoles(place, given, new Set([...roles, 'operator']));
  }
  const byName = new Map(projections.map((projection) => [projection.name, projection]));
  const tables = new Map<string, AnyProjection>();
  for (const [name, type] of rules.tables) {
    const projection = byName.get(name);
    if (projection === undefined) throw invalidRule(type, `there is no projection "${name}"`);
    tables.set(type, projection);
  }
  for (const [type, given] of rules.types) {
    checkTags(type, given, type === 'Notification');
    checkColumns(type, given, tables.get(type));
    checkConcrete(type, schema);
  }
  for (const [place, given] of rules.fields) {
    checkTags(place, given, false);
    const [type = '', name = ''] = place.split('.');
    const parent = schema.getType(type);
    if (isInputObjectType(parent)) checkInput(place, given);
    const field = isObjectType(parent) ? parent.getFields()[name] : undefined;
    if (field !== undefined && isRoot(schema, type)) checkArguments(place, given, field);
    else checkColumns(place, given, tables.get(type));
  }
}

/**
 * Refuses a schema that leaves open who may what.
 *
 * @throws LivefoldError `RULE_MISSING` naming each field of a root type that has no rule, nor, where it is no mutation, has its type
 */
export function checkComplete({ types, fields }: Rules, schema: GraphQLSchema): void {
  const open = rootTypes(schema).flatMap((root) =>
    Object.values(root.getFields())
      .filter(({ name }) => !fields.has(`${root.name}.${name}`))
      // Who may see something may ask for it, but not therefore change it.
      .filter(({ type }) => root === schema.getMutationType() || !types.has(getNamedType(type).name))
      .map(({ name }) => `${root.name}.${name}`),
  );
  if (open.length === 0) return;
  const message = `The schema does not say who may use ${open.join(', ')}: give each a rule, \`@allow(roles: ["staff"])\`, or \`@allow\` for everybody.`;
  throw new LivefoldError('RULE_MISSING', message, { fields: { places: open } });
}

/** Whether a type's fields are what operations begin with. */
export function isRoot(schema: GraphQLSchema, type: string): boolean {
  return rootTypes(schema).some(({ name }) => name === type);
}

function rootTypes(schema: GraphQLSchema) {
  const types = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return types.filter((type) => type !== null && type !== undefined);
}

function checkRoles(place: string, rules: readonly Rule[], known: ReadonlySet<string>): void {
  const unknown = rules.flatMap(({ roles }) => roles ?? []).find((role) => !known.has(role));
  if (unknown !== undefined)
    throw invalidRule(place, `there is no role "${unknown}", the backend has ${[...known].join(', ')}`);
}

function checkClaims(place: string, rules: readonly Rule[]): void {
  for (const { claim, own, tag } of rules) {
    if (claim === '') throw invalidRule(place, 'a claim has a name');
    if (claim !== null && own === null && tag === null)
      throw invalidRule(place, `what the claim "${claim}" is compared with is missing: write \`own\` too`);
  }
}

function checkTags(place: string, rules: readonly Rule[], isEvent: boolean): void {
  if (!isEvent && rules.some(({ tag }) => tag !== null))
    throw invalidRule(place, 'only events have tags, the type Notification');
  if (isEvent && rules.some(({ own }) => own !== null))
    throw invalidRule(place, 'whose an event is, its tags say: write `tag` in place of `own`');
}

function checkColumns(place: string, rules: readonly Rule[], projection: AnyProjection | undefined): void {
  if (projection === undefined) return;
  const columns: Readonly<Record<string, Column>> = getTableColumns(projection.table);
  for (const { own } of rules) {
    if (own === null) continue;
    const type = columns[own]?.getSQLType();
    if (type === undefined)
      throw invalidRule(place, `the table of "${projection.name}" has no column "${own}"`);
    // What callers are known by is text, and many a text is no value of another type: Postgres would refuse the whole query.
    if (!/^(text|varchar|char)/.test(type))
      throw invalidRule(
        place,
        `the column "${own}" is no text but ${type}, and what callers are known by is`,
      );
  }
}

/** An interface or a union would give its objects without a look at the rules of their type. */
function checkConcrete(type: string, schema: GraphQLSchema): void {
  for (const abstract of Object.values(schema.getTypeMap()).filter(isAbstractType))
    if (schema.getPossibleTypes(abstract).some(({ name }) => name === type))
      throw invalidRule(type, `a type with rules cannot stand behind ${abstract.name}`);
}

function checkInput(place: string, rules: readonly Rule[]): void {
  if (rules.some(({ own }) => own !== null))
    throw invalidRule(place, "an input is nobody's own: write `own` at the field that takes it");
}

function checkArguments(
  place: string,
  rules: readonly Rule[],
  { args }: GraphQLField<unknown, unknown>,
): void {
  const input = args.find(({ name }) => name === 'input');
  const type = input && getNamedType(input.type);
  const names = [
    ...args.map(({ name }) => name),
    ...(isInputObjectType(type) ? Object.keys(type.getFields()) : []),
  ];
  for (const { own } of rules)
    if (own !== null && !names.includes(own))
      throw invalidRule(place, `neither its arguments nor its input have "${own}"`);
}
