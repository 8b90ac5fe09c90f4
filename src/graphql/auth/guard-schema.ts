import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { LivefoldError } from '../../kernel/errors.ts';
import type { GraphQLContext } from '../context.ts';
import { type Caller, forbidden } from './caller.ts';
import { isRoot } from './check-rules.ts';
import { checkGrant, fits, grantOf } from './permissions.ts';
import type { Rule, Rules } from './rules.ts';

type Resolver = GraphQLFieldResolver<unknown, GraphQLContext>;

/** The rules that one field is under. */
type Guard = {
  readonly rules: Rules;
  readonly field: GraphQLField<unknown, GraphQLContext>;
  /** Who may use it. */
  readonly use: readonly Rule[] | undefined;
  /** What of its objects may be seen. */
  readonly objects: readonly Rule[] | undefined;
  readonly isRoot: boolean;
};

/** Puts the rules before the resolvers of a schema, in place: whoever may not is refused before anything is read. */
export function guardSchema(schema: GraphQLSchema, rules: Rules): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields()))
      guardField({
        rules,
        field,
        use: rules.fields.get(`${type.name}.${field.name}`),
        objects: rules.types.get(getNamedType(field.type).name),
        isRoot: isRoot(schema, type.name),
      });
  }
}

function guardField(guard: Guard): void {
  const { field, use, objects, rules } = guard;
  const takesRuled = field.args.some(({ type }) => reachesRules(type, rules));
  if (use === undefined && objects === undefined && !takesRuled) return;
  const { subscribe, resolve = defaultFieldResolver } = field;
  if (subscribe !== undefined) field.subscribe = behind(guard, subscribe);
  field.resolve = behind(guard, resolve);
}

function behind(guard: Guard, resolve: Resolver): Resolver {
  return async (source, args, context, info) => {
    const { caller } = context.session;
    checkUse(guard, { source, args, caller });
    const value: unknown = await resolve(source, args, context, info);
    // What `subscribe` gives are no objects yet.
    return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
      ? value
      : visible(guard, value, caller);
  };
}

type Use = {
  readonly source: unknown;
  readonly args: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
};

/** @throws LivefoldError `FORBIDDEN`, or `UNAUTHENTICATED` when the caller has not said who it is */
function checkUse({ rules, field, use, objects, isRoot }: Guard, { source, args, caller }: Use): void {
  const target: unknown = isRoot ? { ...Object(args.input), ...args } : source;
  if (!fits(checkGrant(grantOf(use, caller), caller), Object(target))) throw forbidden(caller);
  checkGrant(grantOf(objects, caller), caller);
  for (const { name, type } of field.args) checkInput(type, args[name], { rules, caller });
}

/** The objects that the caller may see. The others are as if they were not there. */
function visible({ field, objects }: Guard, value: unknown, caller: Caller): unknown {
  const grant = grantOf(objects, caller);
  if (grant === 'all' || value === null || value === undefined) return value;
  if (Array.isArray(value)) return value.filter((one) => one === null || fits(grant, Object(one)));
  if (fits(grant, Object(value))) return value;
  if (!isNonNullType(field.type)) return null;
  throw new LivefoldError('NOT_FOUND', 'There is no such thing for this caller.');
}

/** @throws LivefoldError `FORBIDDEN` for an input field that only others may give */
function checkInput(
  type: GraphQLInputType,
  value: unknown,
  scope: { readonly rules: Rules; readonly caller: Caller },
): void {
  if (value === null || value === undefined) return;
  const given = getNullableType(type);
  if (isListType(given) && Array.isArray(value))
    for (const one of value) checkInput(given.ofType, one, scope);
  if (!isInputObjectType(given)) return;
  for (const field of Object.values(given.getFields())) {
    const part: unknown = Reflect.get(Object(value), field.name);
    if (part === undefined) continue;
    checkGrant(grantOf(scope.rules.fields.get(`${given.name}.${field.name}`), scope.caller), scope.caller);
    checkInput(field.type, part, scope);
  }
}

/** Whether something that an argument can hold has a rule: most have none, and are not looked through. */
function reachesRules(type: GraphQLInputType, rules: Rules, seen: ReadonlySet<string> = new Set()): boolean {
  const named = getNamedType(type);
  if (!isInputObjectType(named) || seen.has(named.name)) return false;
  const known = new Set([...seen, named.name]);
  return Object.values(named.getFields()).some(
    (field) => rules.fields.has(`${named.name}.${field.name}`) || reachesRules(field.type, rules, known),
  );
}
