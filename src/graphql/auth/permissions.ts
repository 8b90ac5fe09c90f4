import type { Filter } from '../../consumption/filter.ts';
import type { Query } from '../../domain/query.ts';
import { type Caller, forbidden } from './caller.ts';
import { ownValues } from './claims.ts';
import type { Rule, Rules } from './rules.ts';

/** What a caller may, of something that has rules: all, nothing, or what is its own by one of these rules. */
export type Grant = 'all' | 'none' | readonly OwnRule[];

/** A rule with what the caller's own is known by: at least one value. */
type OwnRule = Rule & { readonly values: readonly string[] };

/** What one caller may. */
export interface Permissions {
  /** Equal for callers who may see the same. */
  readonly key: string;
  /** Whether the caller may see this object of a type: for what was not read from a table, which is filtered already. */
  sees(type: string, value: object): boolean;
  /**
   * The rows of a projection that the caller may see; undefined for all.
   *
   * @throws LivefoldError `FORBIDDEN` or `UNAUTHENTICATED` when it may see none, whatever there is
   */
  rowFilter(projection: string): Filter | undefined;
  /** Throws as `rowFilter` does when the caller may not see a column in every row that it may see. */
  checkColumn(projection: string, column: string): void;
  /** Whether the caller may see a column in every row that it may see. */
  seesColumn(projection: string, column: string): boolean;
  /** Of the events that a query means, those that the caller may see. Throws as `rowFilter` does. */
  narrow(query: Query): Query;
}

/** For a server without authentication: everything. */
export const everythingAllowed: Permissions = {
  key: '',
  sees: () => true,
  rowFilter: () => undefined,
  checkColumn: () => {},
  seesColumn: () => true,
  narrow: (query) => query,
};

/** What the rules give a caller. */
export function createPermissions(rules: Rules, caller: Caller): Permissions {
  const grantOn = (type: string | undefined): Grant =>
    type === undefined ? 'all' : grantOf(rules.types.get(type), caller);
  const seesColumn = (projection: string, column: string): boolean =>
    grantOf(rules.fields.get(`${rules.tables.get(projection)}.${column}`), caller) === 'all';
  return {
    key: keyOf(rules, caller),
    sees: (type, value) => fits(grantOn(type), value),
    rowFilter: (projection) => {
      const grant = checkGrant(grantOn(rules.tables.get(projection)), caller);
      return grant === 'all'
        ? undefined
        : { or: grant.map(({ own, values }) => ({ [own ?? '']: { in: values } })) };
    },
    checkColumn: (projection, column) => {
      if (!seesColumn(projection, column)) throw forbidden(caller);
    },
    seesColumn,
    narrow: (query) => {
      const grant = checkGrant(grantOn('Notification'), caller);
      return grant === 'all'
        ? query
        : withTags(
            query,
            grant.flatMap(({ tag, values }) => values.map((value) => `${tag}:${value}`)),
          );
    },
  };
}

/** What rules give a caller; where there are none, the place itself keeps nobody out. */
export function grantOf(rules: readonly Rule[] | undefined, caller: Caller): Grant {
  if (rules === undefined) return 'all';
  const mine = rules.filter(({ roles }) => roles?.some((role) => caller.roles.includes(role)) ?? true);
  if (mine.some(({ own, tag }) => own === null && tag === null)) return 'all';
  const own = mine
    .map((rule) => ({ ...rule, values: ownValues(caller, rule.claim) }))
    .filter(({ values }) => values.length > 0);
  return own.length === 0 ? 'none' : own;
}

/** Refuses a caller who may nothing. */
export function checkGrant(grant: Grant, caller: Caller): Exclude<Grant, 'none'> {
  if (grant === 'none') throw forbidden(caller);
  return grant;
}

/** Whether a value is within a grant. */
export function fits(grant: Grant, value: object): boolean {
  if (typeof grant === 'string') return grant === 'all';
  return grant.some(
    ({ own, tag, values }) =>
      (own === null || isOneOf(values, Reflect.get(value, own))) &&
      (tag === null || hasTagOf(values, tag, Reflect.get(value, 'tags'))),
  );
}

function isOneOf(values: readonly string[], value: unknown): boolean {
  return (typeof value === 'string' || typeof value === 'number') && values.includes(String(value));
}

function hasTagOf(values: readonly string[], tag: string, tags: unknown): boolean {
  return Array.isArray(tags) && values.some((value) => tags.includes(`${tag}:${value}`));
}

function withTags({ items }: Query, tags: readonly string[]): Query {
  const asked = items.length === 0 ? [{}] : items;
  return {
    items: asked.flatMap((item) => tags.map((tag) => ({ ...item, tags: [...(item.tags ?? []), tag] }))),
  };
}

/** The roles that count anywhere, and what the caller's own is known by, of each claim that decides about anything. */
function keyOf({ types, fields }: Rules, caller: Caller): string {
  const places = [...types.values(), ...fields.values()];
  const known = new Set(places.flat().flatMap(({ roles }) => roles ?? []));
  const claims = new Set(
    places.flatMap((place) => {
      const grant = grantOf(place, caller);
      return typeof grant === 'string' ? [] : grant.map(({ claim }) => claim);
    }),
  );
  const own = [...claims].map((claim) => [claim, sorted(ownValues(caller, claim))]);
  return JSON.stringify([own, sorted(caller.roles.filter((role) => known.has(role)))]);
}

function sorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}
