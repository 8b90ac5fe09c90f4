import type { AnyProjection, StoredRow } from '../consumption/projection.ts';
import type { Position } from '../persistence/event-store.ts';
import { waitForProjections } from './at-least.ts';
import { guardRows } from './auth/guard-models.ts';
import { type Connection, type ConnectionArguments, readConnection } from './connection.ts';
import type { GraphQLContext } from './context.ts';
import type { AsOf } from './core-schema.ts';
import type { HistoryOptions } from './history-fields.ts';
import { type OrderInput, orderBy } from './order-by.ts';
import { rowsAsOf } from './rows-as-of.ts';

type AtLeast = { readonly atLeast?: Position | null | undefined };
type PageArguments<Field extends string> = AtLeast & { readonly asOf?: AsOf | null | undefined } & Omit<
    ConnectionArguments,
    'orderBy'
  > & { readonly orderBy?: OrderInput<Field> | null | undefined };

/** The resolver of a query field that reads one row: by the argument named like the table's key, null when there is none. */
export function rowField<P extends AnyProjection>(projection: P) {
  return async (
    _: unknown,
    { atLeast, ...args }: AtLeast & Readonly<Record<string, unknown>>,
    { backend, signal }: GraphQLContext,
  ): Promise<StoredRow<P> | null> => {
    await waitForProjections(backend, [projection.name], atLeast, signal);
    const [row] = await backend.models.find(projection, [String(args[projection.keyField])]);
    return row ?? null;
  };
}

/**
 * The resolver of a query field that reads rows as a Relay connection. `orderFields` says which of the table's fields
 * stands behind each name of the schema's enum, where the field takes `orderBy`. A field that takes `asOf` shows the rows as
 * they were, folded from up to `mostEvents` events, 100,000 unless given: from the log's beginning, or, given the `stream` that a row is folded from, back from the table where less has happened since.
 */
export function rowsField<P extends AnyProjection, Field extends string = never>(
  projection: P,
  orderFields?: Readonly<Record<Field, string>>,
  {
    mostEvents = 100_000,
    stream,
  }: { readonly mostEvents?: number; readonly stream?: HistoryOptions['stream'] } = {},
) {
  return async (
    _: unknown,
    { atLeast, asOf, ...args }: PageArguments<Field>,
    { backend, session, signal }: GraphQLContext,
  ): Promise<Connection<StoredRow<P>>> => {
    await waitForProjections(backend, [projection.name], atLeast, signal);
    const order = orderFields && orderBy(orderFields, args.orderBy);
    const models = asOf
      ? guardRows(await rowsAsOf(backend, projection, { asOf, mostEvents, stream, signal }), session)
      : backend.models;
    return readConnection(models, projection, { ...args, orderBy: order });
  };
}
