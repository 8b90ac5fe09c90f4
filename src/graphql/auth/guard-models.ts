import { combinators, type Filter, passes } from '../../consumption/filter.ts';
import type { AnyRow } from '../../consumption/projection.ts';
import type { ReadModels } from '../../consumption/read-models.ts';
import type { Permissions } from './permissions.ts';
import type { Session } from './session.ts';

/** The read tables as a caller may see them: rows that it may not see are not there, whatever reads them. */
export function guardModels(models: ReadModels, session: Session): ReadModels {
  return {
    ...models,
    ...guardRows(models, session),
    snapshot: (projection, query) => {
      const filter = visibleRows(session.permissions, projection.name, query.filter);
      return models.snapshot(projection, { ...query, filter });
    },
    find: async (projection, keys, signal) => {
      const isVisible = visibleRow(session, projection.name);
      return (await models.find(projection, keys, signal)).filter(isVisible);
    },
  };
}

/** The rows of now or of another time, as a caller may see them. */
export function guardRows(models: Pick<ReadModels, 'rows'>, session: Session): Pick<ReadModels, 'rows'> {
  return {
    rows: async (projection, query) => {
      const { permissions } = session;
      const filter = visibleRows(permissions, projection.name, query.filter);
      if (query.orderBy !== undefined) permissions.checkColumn(projection.name, query.orderBy.field);
      return models.rows(projection, { ...query, filter });
    },
  };
}

/** Whether a caller may see a row of a projection. Throws when it may see none, whatever there is. */
export function visibleRow({ permissions }: Session, projection: string): (row: AnyRow) => boolean {
  const filter = permissions.rowFilter(projection);
  return (row) => passes(filter, row, () => false);
}

/**
 * What of a projection's rows is both meant and may be seen.
 *
 * @throws LivefoldError `FORBIDDEN` for a filter by what the caller may not see: its answers would tell
 */
export function visibleRows(
  permissions: Permissions,
  projection: string,
  filter: Filter | null | undefined,
): Filter | null | undefined {
  const rule = permissions.rowFilter(projection);
  for (const column of columnsOf(filter)) permissions.checkColumn(projection, column);
  return rule === undefined || filter === null || filter === undefined
    ? (rule ?? filter)
    : { and: [rule, filter] };
}

function columnsOf(filter: Filter | null | undefined): readonly string[] {
  if (filter === null || filter === undefined) return [];
  const parts = [...(filter.and ?? []), ...(filter.or ?? []), filter.not];
  const own = Object.keys(filter).filter((name) => !combinators.has(name));
  return [...own, ...parts.flatMap(columnsOf)];
}
