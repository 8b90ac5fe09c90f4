import type { AnyEventDefinition } from '../../domain/event.ts';
import { type JsonSchema, jsonSchemaOf } from '../../domain/json-schema.ts';
import { takeName, toGraphQLName } from './names.ts';
import { type Shape, shapeOf } from './shape.ts';

/** A GraphQL type made from an event's schema. */
export type OutputType = ObjectType | EnumType;

export type ObjectType = {
  readonly kind: 'object';
  readonly name: string;
  readonly description: string;
  readonly fields: readonly OutputField[];
};

export type EnumType = {
  readonly kind: 'enum';
  readonly name: string;
  readonly description: string;
  readonly values: readonly string[];
};

export type OutputField = {
  readonly name: string;
  readonly description: string;
  /** As the SDL writes it: `[OrderPlacedLines!]!`. */
  readonly type: string;
  /** The member of the data that it shows; `null` where it is the data itself. */
  readonly member: string | null;
};

/** Lists in lists beyond this are any JSON: a schema may say that it is a list of itself. */
const deepestList = 4;

type Making = {
  readonly root: JsonSchema;
  readonly taken: Set<string>;
  /** Objects that refer to each other meet their own type again. */
  readonly names: Map<object, string>;
  readonly types: OutputType[];
};

/**
 * The types of an event: an object type of that name, with a field for each member of its data, and those of the objects and
 * enums in it. `taken` are the names of all types there are; the new ones come in.
 */
export function outputTypesOf(
  definition: AnyEventDefinition,
  name: string,
  taken: Set<string>,
): readonly OutputType[] {
  const root = jsonSchemaOf(definition.schema);
  const making: Making = { root, taken, names: new Map(), types: [] };
  const shape = shapeOf(root, root);
  const description = textOf(root) ?? `What the event \`${definition.type}\` says.`;
  if (shape.kind === 'object') {
    makeObject(making, { name, description, shape, erased: new Set(Object.keys(definition.erased)) });
  } else {
    const place = { name: `${name}Data`, what: `The data of the event \`${definition.type}\`` };
    const field = { name: 'data', member: null, type: typeOf(making, root, place), description };
    making.types.unshift({ kind: 'object', name, description, fields: [field] });
  }
  return making.types;
}

function makeObject(
  making: Making,
  object: {
    readonly name: string;
    readonly description: string;
    readonly shape: Shape & { readonly kind: 'object' };
    /** Members that are null once whom they are about is forgotten. */
    readonly erased?: ReadonlySet<string>;
  },
): void {
  const { name, description, shape, erased = new Set() } = object;
  const { properties, required } = shape.schema;
  making.names.set(shape.schema, name);
  // Its place among the types is before those of its members.
  const index = making.types.length;
  const needed = new Set(Array.isArray(required) ? required : []);
  const names = new Set<string>();
  const fields = Object.entries(properties).map(([member, schema]): OutputField => {
    const field = takeName(toGraphQLName(member), names);
    const type = typeOf(making, schema, {
      name: `${name}${field.slice(0, 1).toUpperCase()}${field.slice(1)}`,
      what: `\`${member}\` of \`${name}\``,
    });
    const isPersonal = erased.has(member);
    return {
      ...{ name: field, member, type: needed.has(member) && !isPersonal ? type : nullable(type) },
      description: `${textOf(schema) ?? `\`${member}\` of the data.`}${isPersonal ? ' About a person: null once that person is forgotten.' : ''}`,
    };
  });
  making.types.splice(index, 0, { kind: 'object', name, description, fields });
}

/** Where a schema stands: what its type is called, should it need one of its own. */
type Place = { readonly name: string; readonly what: string };

function typeOf(making: Making, schema: unknown, place: Place, depth = 0): string {
  const shape = shapeOf(schema, making.root);
  const type = bareTypeOf(making, shape, { place, depth, description: textOf(schema) ?? `${place.what}.` });
  return shape.isNullable ? type : `${type}!`;
}

function bareTypeOf(
  making: Making,
  shape: Shape,
  { place, depth, description }: { place: Place; depth: number; description: string },
): string {
  switch (shape.kind) {
    case 'scalar':
      return shape.name;
    case 'list':
      return depth < deepestList ? `[${typeOf(making, shape.items, place, depth + 1)}]` : 'JSON';
    case 'enum': {
      const name = takeName(place.name, making.taken);
      making.types.push({ kind: 'enum', name, description, values: shape.values });
      return name;
    }
    case 'object': {
      const known = making.names.get(shape.schema);
      if (known !== undefined) return known;
      const name = takeName(place.name, making.taken);
      makeObject(making, { name, description, shape });
      return name;
    }
  }
}

function nullable(type: string): string {
  return type.endsWith('!') ? type.slice(0, -1) : type;
}

/** What the schema says of itself. */
function textOf(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null || !('description' in schema)) return undefined;
  return typeof schema.description === 'string' ? schema.description : undefined;
}
