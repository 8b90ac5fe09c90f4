import { getTableColumns, getTableName } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import { LivefoldError } from '../kernel/errors.ts';

/** What a projection is refused for when it is defined. */

/** More would be more rows to look at every second than processes to run them. */
const mostShards = 256;

/** `name#0/4` is where the position of a shard is kept, `name@next` that of a rebuild, `process:name` a process manager's. */
export function checkName(name: string): string {
  if (name !== '' && !/[#@:]/.test(name)) return name;
  throw new LivefoldError(
    'INVALID_NAME',
    `A projection cannot be named "${name}": give it a name without #, @ and colons.`,
  );
}

export function checkShards(name: string, mode: 'async' | 'inline', shards: number): number {
  if (!Number.isInteger(shards) || shards < 1 || shards > mostShards)
    throw new LivefoldError(
      'INVALID_SHARDS',
      `The projection "${name}" cannot have ${shards} shards: give a whole number from 1 to ${mostShards}.`,
    );
  if (mode === 'inline' && shards > 1)
    throw new LivefoldError(
      'INVALID_SHARDS',
      `The projection "${name}" is inline, so the append that brings an event folds it whole: leave \`shards\` out, or make it async.`,
    );
  return shards;
}

export function checkStart<StartAt extends string | number>(name: string, startAt: StartAt): StartAt {
  if (typeof startAt === 'string' || (Number.isSafeInteger(startAt) && Number(startAt) >= 0)) return startAt;
  throw new LivefoldError(
    'INVALID_START',
    `The projection "${name}" cannot start at position ${startAt}: give a whole number from 0, 'beginning' or 'end'.`,
  );
}

export function checkLists<Lists extends object>(name: string, table: PgTable, lists: Lists): Lists {
  const columns: Readonly<Record<string, PgColumn>> = getTableColumns(table);
  for (const field of Object.keys(lists))
    if (columns[field]?.columnType !== 'PgJsonb')
      throw new LivefoldError(
        'INVALID_READ_TABLE',
        `The projection "${name}" says that "${field}" is a list, but the table "${getTableName(table)}" has no jsonb column of that name.`,
      );
  return lists;
}

export function keyColumnOf(name: string, table: PgTable): readonly [field: string, column: PgColumn] {
  const keys = Object.entries<PgColumn>(getTableColumns(table)).filter(([, { primary }]) => primary);
  const [key] = keys;
  if (key !== undefined && keys.length === 1) return key;
  throw new LivefoldError(
    'INVALID_READ_TABLE',
    `The table "${getTableName(table)}" of the projection "${name}" needs exactly one primary key column.`,
  );
}

/** The fields that folds give and the table cannot be without. */
export function requiredFields(table: PgTable): readonly string[] {
  const columns = Object.entries<PgColumn>(getTableColumns(table));
  return columns.flatMap(([field, { notNull }]) => (notNull && field !== 'position' ? [field] : []));
}

export function positionColumnOf(name: string, table: PgTable): PgColumn {
  // getTableColumns gives an open record for a table of unknown columns.
  const columns: Readonly<Record<string, PgColumn>> = getTableColumns(table);
  const { position } = columns;
  if (position?.columnType === 'PgBigInt53' && position.notNull) return position;
  const message = `The table "${getTableName(table)}" of the projection "${name}" needs a column position: bigint('position', { mode: 'number' }).notNull().`;
  throw new LivefoldError('INVALID_READ_TABLE', message);
}
