import { eq, sql } from 'drizzle-orm';
import type { AnyProjection, StoredRow } from '../../consumption/projection.ts';
import type { Place, ReadModels, RowQuery, Snapshot, SnapshotQuery } from '../../consumption/read-models.ts';
import type { StoredEvent } from '../../domain/event.ts';
import { isLivefoldError, LivefoldError } from '../../kernel/errors.ts';
import type { Position } from '../../persistence/event-store.ts';
import { applyBatch } from './apply-batch.ts';
import { beginProjection } from './arrange-consumers.ts';
import { cancellable } from './cancel-queries.ts';
import type { Database, Session } from './database.ts';
import { equalReads } from './equal-reads.ts';
import { findInTurns } from './find-in-turns.ts';
import { checkGoesOn, haltProjection } from './halted.ts';
import { foldInline } from './inline-fault.ts';
import type { PostgresEventStoreOptions } from './postgres-event-store.ts';
import { createPostgresParkedStore } from './postgres-parked-store.ts';
import { readChangesSince } from './read-changes-since.ts';
import { readEvents } from './read-events.ts';
import { readSnapshot, selectRows } from './read-rows.ts';
import { settleKey } from './settle-key.ts';
import { inShortTurn } from './short-turns.ts';
import { run } from './statement.ts';
import { TableGrowth } from './table-growth.ts';
import { defaultSchema, livefoldTables } from './tables.ts';
import { trackedPosition } from './tracked-position.ts';
import {
  databaseCode,
  messageOf,
  translated,
  translateError,
  translateReadError,
} from './translate-error.ts';
import { castRows, tableName } from './write-rows.ts';

/** Live batches are short, and come to all projections at once; long ones are worth a server process each. */
const shortBatch = 100;

/** Read tables in Postgres, beside one application's log. */
export function createPostgresReadModels(
  database: Record<keyof Pick<Database, 'session' | 'pipeline'>, Session>,
  schema: string = defaultSchema,
): ReadModels {
  const { session } = database;
  const tables = livefoldTables(schema);
  const { tracking } = tables;
  const growth = new TableGrowth(session);
  const find = findInTurns(session);
  const select = equalReads((projection, query: RowQuery) => selectRows(session, projection, query));
  const snapshot = equalReads((projection, query: SnapshotQuery) =>
    readSnapshot(session, tables, projection, query),
  );

  async function tracked({ unit, name }: AnyProjection): Promise<Place | undefined> {
    // What concerns all shards stands in the projection's own row.
    const statement = sql`select ${trackedPosition(tables)}, a.horizon, t.token, t.beyond, a.fault
      from ${tracking} as t join ${tracking} as a on a.consumer = ${name} where t.consumer = ${unit}`;
    const [row] = await run(session, statement, ([position, horizon, token, beyond, fault]) => ({
      position: Number(position),
      horizon: Number(horizon),
      token: Number(token),
      beyond: beyond === null ? null : Number(beyond),
      fault: fault === null ? null : String(fault),
    }));
    return row;
  }

  async function place(projection: AnyProjection): Promise<Place> {
    const row = await tracked(projection);
    if (row !== undefined) return row;
    // Of several shards none begins alone: whoever has none of their rows yet is about to be told to stop.
    if (projection.unit === projection.name) await beginProjection(session, tables, projection);
    return (await tracked(projection)) ?? { position: 0, horizon: 0, token: 0, beyond: null, fault: null };
  }

  async function start({ name }: AnyProjection): Promise<Position> {
    const [position = 0] = await run(
      session,
      sql`select start from ${tracking} where consumer = ${name}`,
      ([began]) => Number(began),
    );
    return position;
  }

  return {
    position: async (projection) => (await guarded(projection, () => place(projection))).position,

    place: (projection) => guarded(projection, () => place(projection)),

    halt: ({ name }, fault) =>
      translated(`halting "${name}"`, () => haltProjection(session, tables, name, fault)),

    start: (projection) => guarded(projection, () => start(projection)),

    apply: (projection, batch) =>
      guarded(projection, async () => {
        const apply = (on: Session): ReturnType<typeof applyBatch> =>
          applyBatch(projection, batch, { session: on, pool: session, tables });
        // A table that somebody has locked holds up its own projection alone.
        const changes = await (batch.events.length > shortBatch
          ? apply(session)
          : inShortTurn(database, apply));
        if (changes === null) return null;
        const added =
          changes === 'unknown' ? batch.events : changes.filter(({ before }) => before === undefined);
        await growth.add(projection.table, added.length);
        return changes;
      }),

    settle: (projection, work) =>
      guarded(projection, () =>
        session.transaction((transaction) => settleKey(transaction, tables, projection, work)),
      ),

    parked: createPostgresParkedStore(database, schema),

    rows: <P extends AnyProjection>(projection: P, query: RowQuery) =>
      asked(projection, () => select(projection, query) as Promise<readonly StoredRow<P>[]>),

    snapshot: <P extends AnyProjection>(projection: P, query: SnapshotQuery) =>
      asked(projection, () => snapshot(projection, query) as Promise<Snapshot<StoredRow<P>>>),

    find: (projection, keys, signal) => asked(projection, () => find(projection, keys, signal)),

    asKept: (projection, rows, signal) =>
      guarded(projection, () => cancellable(signal, () => castRows(session, projection, rows))),

    changesSince: (projection, after, { signal, ...options }) =>
      guarded(projection, () =>
        cancellable(signal, () => readChangesSince(session, tables, projection, { after, ...options })),
      ),
  };
}

export type InlineOptions = {
  /** The Postgres schema of Livefold's own tables. */
  readonly schema?: string;
  /** Opens what a mapper sealed; nothing is sealed unless given. */
  readonly decode?: (
    events: readonly StoredEvent[],
  ) => readonly StoredEvent[] | Promise<readonly StoredEvent[]>;
  /** Hears of a projection that cannot go on until it is rebuilt; its append is about to be rolled back. */
  readonly onHalted?: (projection: AnyProjection, error: LivefoldError) => void;
};

/** Brings inline projections up to the log's head, in the transaction of an append. What they missed before comes with it. */
export function createInlineProjector(
  projections: readonly AnyProjection[],
  { schema = defaultSchema, decode = (events) => events, onHalted }: InlineOptions = {},
): NonNullable<PostgresEventStoreOptions['inTransaction']> {
  const tables = livefoldTables(schema);
  return async (transaction, { before, head }) => {
    for (const projection of projections) {
      const [row] = await transaction
        .select()
        .from(tables.tracking)
        .where(eq(tables.tracking.consumer, projection.name))
        .for('update')
        .prepare('livefold_inline')
        .execute();
      if (row !== undefined) checkGoesOn(row);
      // One that begins here at the end begins before what is being appended.
      const after =
        row?.position ?? (await beginProjection(transaction, tables, projection, { head: sql`${before}` }));
      if (head <= after) continue;
      const events = await decode(
        await Array.fromAsync(readEvents(transaction, tables, projection.query, { after })),
      );
      try {
        await guarded(projection, () =>
          foldInline(projection, { after, to: head, events }, { session: transaction, tables }),
        );
      } catch (error) {
        if (isLivefoldError(error, 'READ_TABLE_MISSING')) onHalted?.(projection, error);
        throw error;
      }
    }
  };
}

async function guarded<Result>(projection: AnyProjection, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    // What a projection's own code throws is not the database's.
    const code = databaseCode(error);
    if (code === undefined) throw error;
    throw tableFault(projection, code, error) ?? translateError(error, doing(projection));
  }
}

/** What is wrong with the table itself: https://www.postgresql.org/docs/current/errcodes-appendix.html */
function tableFault(projection: AnyProjection, code: string, cause: unknown): LivefoldError | undefined {
  const options = { cause, fields: { projection: projection.name } };
  const table = `The table "${tableName(projection)}" of the projection "${projection.name}"`;
  if (code === '42P01')
    return new LivefoldError(
      'READ_TABLE_MISSING',
      `${projection.isSql ? `${messageOf(cause)}, says a query of the projection "${projection.name}"` : `${table} is not there`}: make it with your migrations, then run \`livefold projections rebuild ${projection.name}\`.`,
      options,
    );
  if (code === '42703')
    return new LivefoldError(
      'READ_TABLE_CHANGED',
      `${table} is not as it is defined: ${messageOf(cause)}. Bring it up to date with your migrations; if it had lost what it held, rebuild it.`,
      options,
    );
  return undefined;
}

/** For what is looked up by values that clients give. */
async function asked<Result>(projection: AnyProjection, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw translateReadError(error, doing(projection));
  }
}

function doing(projection: AnyProjection): string {
  return `working on the table "${tableName(projection)}" of the projection "${projection.name}"`;
}
