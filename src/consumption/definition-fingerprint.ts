import { createHash } from 'node:crypto';
import { getTableColumns } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';

/** What rows depend on, as far as a program can tell. */
export type DefinitionParts = {
  /** The author's own word for what cannot be seen here: a change of what handlers call. */
  readonly version: string | number | undefined;
  /** Events without them are left out. */
  readonly tags: readonly string[];
  readonly tables: readonly PgTable[];
  /** By event type: the functions, or names of fields, that handle it. */
  readonly handlers: ReadonlyMap<string, readonly unknown[]>;
};

/**
 * A hash of a projection's definition: another one means that its table is to be built anew. Spaces do not count, since tools
 * that strip types leave some; what handlers call elsewhere is not seen.
 */
export function definitionFingerprint({ version, tags, tables, handlers }: DefinitionParts): string {
  const parts = {
    version: version ?? null,
    tags,
    tables: tables.map((table) =>
      Object.entries<PgColumn>(getTableColumns(table)).map(([field, column]) => [
        ...[field, column.name, column.getSQLType(), column.notNull],
      ]),
    ),
    handlers: [...handlers]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([type, sources]) => [type, ...sources.map((source) => String(source).replace(/\s+/g, ''))]),
  };
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
