import { type SQL, sql } from 'drizzle-orm';
import { faultOf, timedOut } from '../../consumption/fault.ts';
import type { KeptBack, KeyedEvent } from '../../consumption/key-events.ts';
import type { AnyProjection } from '../../consumption/projection.ts';
import { endedWithin, type SqlOutcome } from '../../consumption/sql-handler.ts';
import { holderOf } from '../../consumption/stream-key.ts';
import type { LivefoldError } from '../../kernel/errors.ts';
import type { Position } from '../../persistence/event-store.ts';
import type { Session } from './database.ts';
import { isRowFault, rowRefused } from './row-fault.ts';
import { run } from './statement.ts';
import type { LivefoldTables } from './tables.ts';
import { databaseCode, isUnavailable, isUnwritable } from './translate-error.ts';
import { buryKeys } from './write-rows.ts';

/** A call that failed, with its fault. */
export type FailedCall = { readonly call: KeyedEvent; readonly fault: LivefoldError };

export type CallOptions = {
  readonly tables: LivefoldTables;
  /** Keys that have events kept back: theirs queue behind those. */
  readonly parked: { has(key: string): boolean };
  /**
   * Is told of each call that fails; the event is kept back unless this throws. A savepoint for each call undoes what a failed one did,
   * so that the others' work stays.
   */
  readonly onFailed: (failed: FailedCall) => void;
  readonly hasSavepoints: boolean;
  /** A call of which it is known that it fails: it is not made again. */
  readonly known?: FailedCall | undefined;
  /** The position that the rows get; that of each event unless given. */
  readonly at?: Position;
};

export type Called = { readonly keptBack: readonly KeptBack[]; readonly hasChanged: boolean };

/** Calls the SQL handlers of a batch in order, in the caller's transaction, and remembers which keys they removed. */
export async function callHandlers(
  transaction: Session,
  projection: AnyProjection,
  calls: readonly KeyedEvent[],
  options: CallOptions,
): Promise<Called> {
  const { parked, onFailed, tables, at } = options;
  const held = new Set<string>();
  const keptBack: KeptBack[] = [];
  const removed = new Map<string, Position>();
  const before = await limitTime(transaction, projection);
  for (const call of calls) {
    const key = holderOf(projection, call.key, call.event);
    if (held.has(call.key) || parked.has(call.key)) {
      keptBack.push({ ...call, key, fault: null });
      continue;
    }
    const answer = await answerOf(transaction, projection, call, options);
    if ('fault' in answer) {
      onFailed({ call, fault: answer.fault });
      held.add(call.key);
      keptBack.push({ ...call, key, fault: answer.fault });
    } else for (const one of answer.removed) removed.set(one, at ?? call.event.position);
  }
  // A transaction of the caller's goes on as it was.
  if (projection.mode === 'inline') await setLimits(transaction, before);
  await buryKeys(transaction, tables, projection, removed);
  return { keptBack, hasChanged: keptBack.length < calls.length };
}

async function answerOf(
  transaction: Session,
  projection: AnyProjection,
  call: KeyedEvent,
  { hasSavepoints, known, at }: CallOptions,
): Promise<SqlOutcome | { readonly fault: LivefoldError }> {
  if (known !== undefined && isSame(known.call, call)) return known;
  try {
    return hasSavepoints
      ? await transaction.transaction((savepoint) => callOne(savepoint, projection, call, at))
      : await callOne(transaction, projection, call, at);
  } catch (error) {
    return { fault: faultOfCall(error, projection, call) };
  }
}

function isSame(one: KeyedEvent, other: KeyedEvent): boolean {
  return one.key === other.key && one.event.position === other.event.position;
}

async function callOne(
  transaction: Session,
  projection: AnyProjection,
  { event, key }: KeyedEvent,
  at: Position | undefined,
): Promise<SqlOutcome> {
  const { table, tables, timeout } = projection;
  const handler = projection.handlerOf(event.type);
  const target = { key, table, tables, position: at ?? event.position };
  const work = handler?.work?.(transaction, event, target) ?? Promise.resolve(undefined);
  const ended = await endedWithin(work, timeout);
  if (ended === undefined) throw timedOut(projection, event, key);
  return ended.result ?? { removed: [] };
}

/** Serialization failures, deadlocks, locks that were not to be had, and a table that is not there: they say nothing about an event. */
const passing = /^(40...|55P03|42P01)$/;

/** @throws what says nothing about the event: then the whole batch is tried again */
function faultOfCall(error: unknown, projection: AnyProjection, { event, key }: KeyedEvent): LivefoldError {
  const code = databaseCode(error) ?? '';
  if (isUnavailable(error) || isUnwritable(error) || passing.test(code)) throw error;
  const thrown = isRowFault(error) ? rowRefused(projection, { cause: error }) : error;
  return faultOf(thrown, { projection: projection.name, event, key });
}

type Limits = { readonly statement: string; readonly idle: string };

/**
 * The server too ends what takes too long: a query that a handler waits for, and a transaction in which nothing comes any
 * more, because its process was frozen, say, while the lease has gone to another.
 */
async function limitTime(transaction: Session, { timeout }: AnyProjection): Promise<Limits> {
  const [before = { statement: '0', idle: '0' }] = await run(
    transaction,
    sql`select current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout')`,
    ([statement, idle]) => ({ statement: String(statement), idle: String(idle) }),
  );
  // A handler that waits for something else meets its own limit first.
  await setLimits(transaction, { statement: String(timeout), idle: String(timeout * 2) });
  return before;
}

async function setLimits(transaction: Session, { statement, idle }: Limits): Promise<void> {
  const set = (name: string, value: string): SQL => sql`set_config(${name}, ${value}, true)`;
  await run(
    transaction,
    sql`select ${set('statement_timeout', statement)}, ${set('idle_in_transaction_session_timeout', idle)}`,
    () => undefined,
  );
}
