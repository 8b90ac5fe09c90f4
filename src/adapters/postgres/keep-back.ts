import { type SQL, sql } from 'drizzle-orm';
import { describeFault } from '../../consumption/fault.ts';
import { backoff } from '../../kernel/async.ts';
import type { LivefoldError } from '../../kernel/errors.ts';
import { plainArray, textArray } from './array-literal.ts';
import { announceParked } from './postgres-news.ts';
import type { LivefoldTables } from './tables.ts';

/** An event that is kept back for a key: all that the table of them needs to know. */
export type Kept = {
  readonly key: string;
  readonly position: number;
  readonly fault: LivefoldError | null;
  /** How often it was tried before. */
  readonly failures: number;
};

/** An event is tried again by itself so many times, about half a minute in all; then it waits for an operator. */
const mostTries = 5;

/** Milliseconds until an event is tried again that has failed so many times; null when it was tried often enough. */
export function pauseAfter(failures: number): number | null {
  return failures > mostTries ? null : backoff(failures, { base: 1_000, most: 30_000 });
}

/** An event that is kept back, of which its position is enough. */
export type KeptAt = {
  readonly key: string;
  readonly event: { readonly position: number };
  readonly fault: LivefoldError | null;
};

/** Kept-back events as the table has them, each once for a key; none tried before unless `failuresOf` knows better. */
export function asKept(
  keptBack: readonly KeptAt[],
  failuresOf: (one: KeptAt) => number = () => 0,
): readonly Kept[] {
  const kept = new Map<string, Kept>();
  for (const one of keptBack) {
    const { key, fault } = one;
    const { position } = one.event;
    const name = `${position} ${key}`;
    // Two rows of one event may be kept back under its stream.
    if (fault !== null || !kept.has(name))
      kept.set(name, { key, position, fault, failures: failuresOf(one) });
  }
  return [...kept.values()];
}

/**
 * Adds events to what a consumer keeps back, where `condition` holds, and tells all processes. To be part of the statement, or at least the
 * transaction, that moves the consumer past them.
 */
export function keepBack(
  { schema, parked }: LivefoldTables,
  consumer: string,
  kept: readonly Kept[],
  condition: SQL = sql`true`,
): SQL {
  const tries = kept.map(({ fault, failures }) => (fault === null ? 0 : failures + 1));
  const values = [
    sql`${textArray(kept.map(({ key }) => key))}::text[]`,
    sql`${plainArray(kept.map(({ position }) => position))}::bigint[]`,
    sql`${textArray(kept.map(({ fault }) => fault && describeFault(fault)))}::text[]`,
    sql`${plainArray(tries)}::int[]`,
    sql`${plainArray(tries.map((count) => (count === 0 ? null : pauseAfter(count))))}::float8[]`,
  ];
  return sql`insert into ${parked} (consumer, key, position, error, failures, parked_at, next_try)
    select ${consumer}, k.key, k.position, k.error, k.failures, clock_timestamp(), clock_timestamp() + make_interval(secs => k.pause / 1000)
    from unnest(${sql.join(values, sql`, `)}) as k(key, position, error, failures, pause) where ${condition}
    on conflict (consumer, key, position) do update set error = excluded.error, failures = excluded.failures, next_try = excluded.next_try
    returning case when error is not null then ${announceParked(schema.schemaName, consumer)} end`;
}
