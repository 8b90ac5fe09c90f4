import type { JsonSchema } from '../../domain/json-schema.ts';
import { isEnumValue } from './names.ts';

/** What GraphQL can say of a JSON schema. `JSON` stands for whatever it has no type for: records, tuples, unions, anything. */
export type Shape =
  | { readonly kind: 'scalar'; readonly name: ScalarName; readonly isNullable: boolean }
  | { readonly kind: 'enum'; readonly values: readonly string[]; readonly isNullable: boolean }
  | { readonly kind: 'list'; readonly items: unknown; readonly isNullable: boolean }
  | { readonly kind: 'object'; readonly schema: ObjectSchema; readonly isNullable: boolean };

type ScalarName = 'String' | 'Int' | 'Float' | 'Boolean' | 'DateTime' | 'Date' | 'Decimal' | 'JSON';

/** The schema of an object with members that are known by name: at least one. */
export type ObjectSchema = NonNullable<JsonSchema> & {
  readonly properties: Readonly<Record<string, unknown>>;
};

const anything: Shape = { kind: 'scalar', name: 'JSON', isNullable: true };

/** Texts of a format that has a scalar of its own. `decimal` is ours: `z.string().meta({ format: 'decimal' })`. */
const formats: ReadonlyMap<unknown, ScalarName> = new Map([
  ['date-time', 'DateTime'],
  ['date', 'Date'],
  ['decimal', 'Decimal'],
]);

const mostInt = 2 ** 31 - 1;

/** The shape of a schema, one level deep. `root` is where its references lead. */
export function shapeOf(schema: unknown, root: JsonSchema): Shape {
  const plain = follow(schema, root);
  if (plain === undefined) return anything;
  const branches = plain.anyOf ?? plain.oneOf;
  if (Array.isArray(branches)) return shapeOfUnion(branches, root);
  if (Array.isArray(plain.type))
    return shapeOfUnion(
      plain.type.map((type) => ({ ...plain, type })),
      root,
    );
  if ('const' in plain) return shapeOfValues([plain.const]);
  if (Array.isArray(plain.enum)) return shapeOfValues(plain.enum);
  if (plain.allOf !== undefined) return anything;
  return shapeOfType(plain);
}

function shapeOfType(schema: NonNullable<JsonSchema>): Shape {
  switch (schema.type) {
    case 'string':
      return scalar(formats.get(schema.format) ?? 'String');
    case 'boolean':
      return scalar('Boolean');
    case 'number':
      return scalar('Float');
    case 'integer':
      return scalar(fitsInt(schema) ? 'Int' : 'Float');
    case 'array':
      return schema.prefixItems === undefined && isSchema(schema.items)
        ? { kind: 'list', items: schema.items, isNullable: false }
        : scalar('JSON');
    case 'object':
      return hasMembers(schema) ? { kind: 'object', schema, isNullable: false } : scalar('JSON');
    default:
      return anything;
  }
}

/** One of several: what it is beside null, where that is one thing; texts of several enums are one enum. */
function shapeOfUnion(branches: readonly unknown[], root: JsonSchema): Shape {
  const some = branches.filter((branch) => !isNull(branch));
  const isNullable = some.length < branches.length;
  const [only, ...others] = some;
  if (only !== undefined && others.length === 0) {
    const shape = shapeOf(only, root);
    return { ...shape, isNullable: shape.isNullable || isNullable };
  }
  const shapes = some.map((branch) => shapeOf(branch, root));
  if (!shapes.every((shape) => shape.kind === 'enum')) return anything;
  const values = [...new Set(shapes.flatMap((shape) => shape.values))];
  return { kind: 'enum', values, isNullable: isNullable || shapes.some((shape) => shape.isNullable) };
}

function shapeOfValues(values: readonly unknown[]): Shape {
  const some = values.filter((value) => value !== null);
  const isNullable = some.length < values.length;
  const [first] = some;
  if (some.every((value) => typeof value === 'string')) {
    // A text that GraphQL has no name for would be told as another text than the event's data has.
    return some.length > 0 && some.every(isEnumValue)
      ? { kind: 'enum', values: [...new Set(some)], isNullable }
      : { ...scalar('String'), isNullable };
  }
  if (some.every((value) => typeof value === 'number')) return { ...scalar('Float'), isNullable };
  return typeof first === 'boolean' && some.every((value) => typeof value === 'boolean')
    ? { ...scalar('Boolean'), isNullable }
    : anything;
}

/** The schema behind its references; `undefined` for one that says nothing, or refers to what is not there or to itself. */
function follow(schema: unknown, root: JsonSchema): NonNullable<JsonSchema> | undefined {
  const seen = new Set<unknown>();
  let current = schema;
  while (isSchema(current) && typeof current.$ref === 'string') {
    if (seen.has(current.$ref)) return undefined;
    seen.add(current.$ref);
    current = pointedAt(current.$ref, root);
  }
  return isSchema(current) ? current : undefined;
}

/** What `#/$defs/Name` points at (RFC 6901). */
function pointedAt(reference: string, root: JsonSchema): unknown {
  const [document, ...steps] = reference.split('/');
  if (document !== '#') return undefined;
  return steps
    .map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>(
      (value, step) => (isSchema(value) && Object.hasOwn(value, step) ? value[step] : undefined),
      root,
    );
}

function fitsInt({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: NonNullable<JsonSchema>): boolean {
  const [least, most] = [minimum ?? exclusiveMinimum, maximum ?? exclusiveMaximum];
  return typeof least === 'number' && typeof most === 'number' && least >= -mostInt - 1 && most <= mostInt;
}

function hasMembers(schema: NonNullable<JsonSchema>): schema is ObjectSchema {
  return isSchema(schema.properties) && Object.keys(schema.properties).length > 0;
}

function isNull(schema: unknown): boolean {
  return isSchema(schema) && (schema.type === 'null' || ('const' in schema && schema.const === null));
}

function isSchema(value: unknown): value is NonNullable<JsonSchema> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function scalar(name: ScalarName): Shape {
  return { kind: 'scalar', name, isNullable: false };
}
