import { KeptBackEvents } from '../consumption/kept-back-events.ts';
import type { RowStep } from '../consumption/past-fold.ts';
import type { AnyProjection, AnyRow, StoredRow } from '../consumption/projection.ts';
import { readAtMost } from '../consumption/read-at-most.ts';
import { diffRows, type FieldChange } from '../consumption/row-diff.ts';
import { lastRow, rowSteps } from '../consumption/row-history.ts';
import type { StoredEvent } from '../domain/event.ts';
import { streamQuery } from '../domain/query.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { ReadOptions } from '../persistence/event-store.ts';
import { rangeAsOf } from './as-of.ts';
import { visibleRow } from './auth/guard-models.ts';
import type { Session } from './auth/session.ts';
import type { Backend } from './backend.ts';
import { type Connection, checkPageSize, toConnection } from './connection.ts';
import type { GraphQLContext } from './context.ts';
import type { AsOf } from './core-schema.ts';

export type HistoryOptions = {
  /** The stream that a row is folded from, by its key: all events that change the row are there. */
  readonly stream: (key: string) => string;
  /** Most events of a stream that are folded for one answer; 10,000 unless given. */
  readonly mostEvents?: number;
};

/** One change of a row, and the event that brought it. */
export type HistoryEntry<P extends AnyProjection> = {
  readonly notification: StoredEvent;
  readonly before: StoredRow<P> | null;
  readonly after: StoredRow<P> | null;
  readonly changes: readonly FieldChange[];
};

/** A row at two moments. */
export type RowDiff<P extends AnyProjection> = {
  readonly from: StoredRow<P> | null;
  readonly to: StoredRow<P> | null;
  readonly changes: readonly FieldChange[];
};

type Key = Readonly<Record<string, unknown>>;
type Page = { readonly first?: number | null | undefined; readonly after?: string | null | undefined };

const usualPage = 50;
const largestPage = 500;

/**
 * The row of a key as it was at a moment, null when there was none that the caller may see.
 *
 * @throws LivefoldError `TOO_COSTLY` when its stream has too many events up to there
 */
export async function readRowAsOf<P extends AnyProjection>(
  { backend, session }: Pick<GraphQLContext, 'backend' | 'session'>,
  projection: P,
  {
    key,
    asOf,
    argument = 'asOf',
    ...options
  }: HistoryOptions & { readonly key: string; readonly asOf: AsOf; readonly argument?: string },
): Promise<StoredRow<P> | null> {
  const isVisible = visibleRow(session, projection.name);
  const range = await rangeAsOf(backend, asOf, argument);
  const past = { key, keptBack: await keptBackOf(backend, projection) };
  const row = await lastRow(projection, past, eventsOf(backend, projection, { key, range, ...options }));
  const [kept] = await keep(backend, projection, [row]);
  return kept !== undefined && isVisible(kept) ? kept : null;
}

/**
 * The resolver of a connection field that shows each change of a row, oldest first; its cursors are versions. The row's key is
 * the argument named like the table's key.
 */
export function historyField<P extends AnyProjection>(projection: P, options: HistoryOptions) {
  return async (
    _: unknown,
    { first, after, ...args }: Key & Page,
    { backend, session, signal }: GraphQLContext,
  ): Promise<Connection<HistoryEntry<P>>> => {
    const size = checkPageSize('first', first ?? usualPage, largestPage);
    const behind = parseVersion(after);
    const isVisible = visibleRow(session, projection.name);
    const key = String(args[projection.keyField]);
    const past = { key, keptBack: await keptBackOf(backend, projection) };
    const steps: RowStep[] = [];
    const events = eventsOf(backend, projection, { key, range: { signal }, ...options });
    for await (const step of rowSteps(projection, past, events)) {
      const isShown = [step.before, step.after].every((row) => row === undefined || isVisible(row));
      if (isShown && step.event.version > behind) steps.push(step);
      if (steps.length > size) break;
    }
    const shown = steps.slice(0, size);
    // What was before each but the first is what was behind the one before it.
    const rows = await keep(backend, projection, [shown[0]?.before, ...shown.map((step) => step.after)]);
    const entries = shown.map(({ event }, index) => {
      const { from, to, ...compared } = compare(session, projection, rows[index], rows[index + 1]);
      return { notification: event, ...compared, before: from, after: to };
    });
    return toConnection(entries, ({ notification }) => String(notification.version), {
      hasNextPage: steps.length > size,
      hasPreviousPage: behind > 0,
    });
  };
}

/** The resolver of a field that compares a row at two moments: its arguments are the table's key, `from` and `to`. */
export function diffField<P extends AnyProjection>(projection: P, options: HistoryOptions) {
  return async (
    _: unknown,
    { from, to, ...args }: Key & { readonly from: AsOf; readonly to: AsOf },
    context: GraphQLContext,
  ): Promise<RowDiff<P>> => {
    const key = String(args[projection.keyField]);
    const [before, after] = await Promise.all([
      readRowAsOf(context, projection, { ...options, key, asOf: from, argument: 'from' }),
      readRowAsOf(context, projection, { ...options, key, asOf: to, argument: 'to' }),
    ]);
    return compare(context.session, projection, before, after);
  };
}

function compare<P extends AnyProjection>(
  { permissions }: Session,
  { name }: P,
  from: StoredRow<P> | null | undefined,
  to: StoredRow<P> | null | undefined,
): RowDiff<P> {
  const changes = diffRows(from ?? undefined, to ?? undefined);
  return {
    from: from ?? null,
    to: to ?? null,
    changes: changes.filter(({ field }) => permissions.seesColumn(name, field)),
  };
}

/** What the table is without, and so its past. */
async function keptBackOf({ models }: Backend, projection: AnyProjection): Promise<KeptBackEvents> {
  const keptBack = new KeptBackEvents(projection);
  await keptBack.look(models.parked);
  return keptBack;
}

/** The events of a row's stream, but for those before the projection began: its table does not know them either. */
async function* eventsOf(
  { store, models }: Backend,
  projection: AnyProjection,
  {
    key,
    range,
    stream,
    mostEvents = 10_000,
  }: HistoryOptions & { readonly key: string; readonly range: ReadOptions },
): AsyncGenerator<StoredEvent> {
  const start = await models.start(projection);
  const events = readAtMost(store, {
    query: streamQuery(stream(key)),
    range,
    most: mostEvents,
    what: `What "${key}" of ${projection.name} was`,
    instead: 'ask for an earlier moment, or read its stream from `notificationLog`',
  });
  // A version counts from the stream's first event, so these are read all the same.
  for await (const event of events) if (event.position > start) yield event;
}

/** The rows in the form that the table's columns keep. */
async function keep<P extends AnyProjection>(
  { models }: Backend,
  projection: P,
  rows: readonly (AnyRow | undefined)[],
): Promise<readonly (StoredRow<P> | undefined)[]> {
  const kept = (
    await models.asKept(
      projection,
      rows.filter((row) => row !== undefined),
    )
  ).values();
  // The table's own columns made them.
  return rows.map((row) => (row === undefined ? undefined : (kept.next().value as StoredRow<P>)));
}

function parseVersion(cursor: string | null | undefined): number {
  if (cursor === null || cursor === undefined) return 0;
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  const message = 'This is no cursor that a page gave.';
  throw new LivefoldError('BAD_USER_INPUT', message, { fields: { issues: [{ path: ['after'], message }] } });
}
