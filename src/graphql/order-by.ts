import type { OrderBy } from '../consumption/read-models.ts';

/** An order as a client writes it. */
export type OrderInput<Field extends string> = {
  readonly field: Field;
  readonly descending?: boolean | null | undefined;
};

/** The order that a client asked for: `fields` says which column stands behind each name of the schema's enum. */
export function orderBy<Field extends string>(
  fields: Readonly<Record<Field, string>>,
  input: OrderInput<Field> | null | undefined,
): OrderBy | undefined {
  return input === null || input === undefined
    ? undefined
    : { field: fields[input.field], descending: input.descending ?? false };
}
