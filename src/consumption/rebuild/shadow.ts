import { type AnyProjection, variantOf } from '../projection.ts';
import { columnInTwin, tableInSchema } from './table-in-schema.ts';

/** Under these names is tracked what a rebuild builds, and what it replaced. No projection's own name has an @. */
export const nextName = (projection: string): string => `${projection}@next`;
export const oldName = (projection: string): string => `${projection}@old`;

/** A projection as a rebuild folds it: the same handlers, one unit, and the table of that name in another Postgres schema. */
export function shadowOf(projection: AnyProjection, schema: string): AnyProjection {
  const name = nextName(projection.name);
  const table = tableInSchema(projection.table, schema);
  const further = Object.entries(projection.tables).map(([field, one]) => [
    field,
    tableInSchema(one, schema),
  ]);
  return variantOf(projection, {
    ...{ name, unit: name, shards: 1, mode: 'async', table, tables: Object.fromEntries(further) },
    keyColumn: columnInTwin(table, projection.keyColumn),
    positionColumn: columnInTwin(table, projection.positionColumn),
  });
}
