import { sql } from 'drizzle-orm';
import { foldBatch } from '../../consumption/fold-batch.ts';
import { type KeyedEvents, keyEvents } from '../../consumption/key-events.ts';
import type { WaitingEvent } from '../../consumption/parked-store.ts';
import type { AnyProjection } from '../../consumption/projection.ts';
import type { ParkedWork, SettledKey } from '../../consumption/read-models.ts';
import { isStreamKey } from '../../consumption/stream-key.ts';
import { plainArray, textArray } from './array-literal.ts';
import { callHandlers } from './call-handlers.ts';
import type { Session } from './database.ts';
import { findReadable } from './find-readable.ts';
import { asKept, type KeptAt, keepBack } from './keep-back.ts';
import { announceParked } from './postgres-news.ts';
import { findRows } from './read-table.ts';
import { run } from './statement.ts';
import type { LivefoldTables } from './tables.ts';
import { writeInParts } from './write-in-parts.ts';
import { isHeld } from './write-rows.ts';

/**
 * Folds the first events that are kept back for a key, in the caller's transaction: rows and what is kept back change together, and only
 * under the lease. The row of the position is locked, so that no batch is committed meanwhile.
 */
export async function settleKey(
  transaction: Session,
  tables: LivefoldTables,
  projection: AnyProjection,
  { key, action, waiting, events, parked, lease }: ParkedWork,
): Promise<SettledKey | null> {
  const { tracking } = tables;
  const [position] = await run(
    transaction,
    sql`select position from ${tracking} where consumer = ${projection.unit} and ${isHeld(lease)} for update`,
    ([value]) => Number(value),
  );
  if (position === undefined) return null;
  // Behind what everybody has seen: who resumes from where the projection stands is told of it.
  const at = position + 1;
  const [first] = waiting;
  if (action === 'skip' && first !== undefined)
    await storeSkipped(transaction, tables, projection.name, key, first);

  // What one of the key's own events meets says nothing about the others of the projection: it is kept back again, whatever its error.
  const judge = (): void => {};
  const others = { has: (one: string): boolean => one !== key && parked.has(one) };
  const { keyed, keptBack: unkeyed } = isStreamKey(key)
    ? await keyEvents(projection, events, { parked: others, judge })
    : onlyOf(key, await keyEvents(projection, events, { parked: others, judge, keyOf: () => key }));
  const settled = projection.isSql ? await callAgain() : await foldAgain();
  const { keptBack, hasChanged } = settled;
  await storeSettled(transaction, tables, projection.name, { key, waiting, keptBack });
  const news = announceParked(tables.schema.schemaName, projection.name, { hasChanged });
  await run(transaction, sql`select ${news}`, () => undefined);
  return settled;

  async function foldAgain(): Promise<SettledKey> {
    const keys = new Set(keyed.map((one) => one.key));
    // What it refuses ends a transaction, unless it was asked at a savepoint.
    const readable = await findReadable(
      projection,
      [...keys].filter((one) => !others.has(one)),
      (some) => transaction.transaction((savepoint) => findRows(savepoint, projection, some)),
    );
    const folded = await foldBatch(projection, keyed, { ...readable, parked: others, judge });
    const written = await writeInParts(
      transaction,
      { changes: folded.changes, keptBack: [...unkeyed, ...folded.keptBack] },
      { tables, projection, keyed, judge, at },
    );
    return { keptBack: written.keptBack, hasChanged: written.changes.length > 0 };
  }

  async function callAgain(): Promise<SettledKey> {
    const options = { tables, parked: others, onFailed: judge, hasSavepoints: true, at };
    const called = await callHandlers(transaction, projection, keyed, options);
    return { ...called, keptBack: [...unkeyed, ...called.keptBack] };
  }
}

/** Of events that are kept back for a row, what concerns that row: which others they concern was seen when they came. */
function onlyOf(key: string, { keyed, keptBack }: KeyedEvents): KeyedEvents {
  return { keyed: keyed.filter((one) => one.key === key), keptBack };
}

/** Writes down that an event was left out. */
export async function storeSkipped(
  transaction: Session,
  { parked, skipped }: LivefoldTables,
  name: string,
  key: string,
  { position }: WaitingEvent,
): Promise<void> {
  await run(
    transaction,
    sql`insert into ${skipped} (consumer, key, position, error, skipped_at)
      select consumer, key, position, coalesce(error, ''), clock_timestamp() from ${parked}
      where consumer = ${name} and key = ${key} and position = ${position} on conflict do nothing`,
    () => undefined,
  );
}

/** Takes what was folded out of what is kept back, and puts in what is kept back anew. */
export async function storeSettled(
  transaction: Session,
  tables: LivefoldTables,
  name: string,
  {
    key,
    waiting,
    keptBack,
  }: {
    readonly key: string;
    readonly waiting: readonly WaitingEvent[];
    readonly keptBack: readonly KeptAt[];
  },
): Promise<void> {
  const { parked } = tables;
  await forgetAsked(transaction, tables, name, key, waiting);
  const left = new Set(keptBack.filter((one) => one.key === key).map(({ event }) => event.position));
  const done = waiting.filter(({ position }) => !left.has(position)).map(({ position }) => position);
  const wanted = await run(
    transaction,
    sql`delete from ${parked} where consumer = ${name} and key = ${key} and position = any (${plainArray(done)}::bigint[]) returning asked`,
    ([asked]) => asked,
  );
  // Those of the key that wait are there already.
  const anew = keptBack.filter((one) => one.key !== key || one.fault !== null);
  const failuresOf = new Map(waiting.map((one) => [one.position, one.failures]));
  if (anew.length > 0) {
    const kept = asKept(anew, (one) => (one.key === key ? (failuresOf.get(one.event.position) ?? 0) : 0));
    await run(transaction, keepBack(tables, name, kept), () => undefined);
  }
  // Whatever is first now says when it is tried.
  const keys = textArray([...new Set([key, ...anew.map((one) => one.key)])]);
  await run(
    transaction,
    sql`update ${parked} as p set error = 'WAITING: It is about to be folded.', next_try = clock_timestamp()
      from (select key, min(position) as position from ${parked} where consumer = ${name} and key = any (${keys}::text[]) group by key) as h
      where p.consumer = ${name} and p.key = h.key and p.position = h.position and p.error is null`,
    () => undefined,
  );
  // Who wanted the event left out that is done with did not mean the next.
  if (wanted.includes('retry'))
    await run(
      transaction,
      sql`update ${parked} set asked = 'retry' where consumer = ${name} and key = ${key}
        and position = (select min(position) from ${parked} where consumer = ${name} and key = ${key})`,
      () => undefined,
    );
}

/** What was asked for is done, but for what was asked since the work on it began. */
async function forgetAsked(
  transaction: Session,
  { parked }: LivefoldTables,
  name: string,
  key: string,
  [first]: readonly WaitingEvent[],
): Promise<void> {
  if (first === undefined || first.asked === null) return;
  await run(
    transaction,
    sql`update ${parked} set asked = null
      where consumer = ${name} and key = ${key} and position = ${first.position} and xmin::text = ${first.revision}`,
    () => undefined,
  );
}
