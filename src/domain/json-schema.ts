import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';

/** A JSON Schema (draft 2020-12), or `null` for a schema that says nothing about itself. */
export type JsonSchema = { readonly [keyword: string]: unknown } | null;

/**
 * What a schema takes, as a JSON Schema: of every schema that follows Standard JSON Schema
 * (https://standardschema.dev/json-schema). A Date is the text that JSON makes of it; other values that JSON has no type for
 * (a bigint, a Map) are any value there.
 */
export function jsonSchemaOf(schema: StandardSchemaV1): JsonSchema {
  if (!describesItself(schema)) return null;
  try {
    const { $schema: _, ...described } = schema['~standard'].jsonSchema.input({
      target: 'draft-2020-12',
      // zod's words for it; others have their own or need none.
      libraryOptions: { unrepresentable: 'any', override: describeDate },
    });
    return described;
  } catch {
    // A converter may throw at what it cannot say.
    return null;
  }
}

/** How zod is told what its own `z.date()` is in JSON. */
type ZodNode = {
  readonly zodSchema: { readonly _zod: { readonly def: { readonly type: string } } };
  readonly jsonSchema: Record<string, unknown>;
};

function describeDate({ zodSchema, jsonSchema }: ZodNode): void {
  if (zodSchema._zod.def.type === 'date') Object.assign(jsonSchema, { type: 'string', format: 'date-time' });
}

function describesItself(schema: StandardSchemaV1): schema is StandardSchemaV1 & StandardJSONSchemaV1 {
  return 'jsonSchema' in schema['~standard'];
}
