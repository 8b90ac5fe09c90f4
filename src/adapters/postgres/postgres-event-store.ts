import { desc } from 'drizzle-orm';
import type { StoredEvent } from '../../domain/event.ts';
import { isLivefoldError, LivefoldError } from '../../kernel/errors.ts';
import { checkAppend } from '../../persistence/check-append.ts';
import type { AppendItem, EventStore, Position, Receipt } from '../../persistence/event-store.ts';
import { isEmptyAppend } from '../../persistence/judge-append.ts';
import { appendConflict } from '../../persistence/refusals.ts';
import { type AppendedBatch, type BatchOutcome, prepareAppend } from './append-batch.ts';
import { AppendQueue } from './append-queue.ts';
import { cancellable } from './cancel-queries.ts';
import type { Database, Session } from './database.ts';
import { findReceipt } from './find-receipt.ts';
import { readEvents } from './read-events.ts';
import { TableGrowth } from './table-growth.ts';
import { defaultSchema, livefoldTables } from './tables.ts';
import { conflictOf, translateError } from './translate-error.ts';

/** Where the log ended before an append, and where it ends with it. */
export type LogEnds = { readonly before: Position; readonly head: Position };

export type PostgresEventStoreOptions = {
  readonly database: Database;
  /** The Postgres schema of Livefold's own tables. */
  readonly schema?: string;
  /** Runs in the transaction of every append, behind its events: what inline projections hook into. */
  readonly inTransaction?: (transaction: Session, ends: LogEnds) => Promise<void>;
  /** Gets what this process appended, as soon as it is committed. */
  readonly onAppended?: (events: readonly StoredEvent[]) => void;
};

/** The event store on Postgres 15 or newer. The tables come from `migrateDatabase`. */
export function createPostgresEventStore(options: PostgresEventStoreOptions): EventStore<Session> {
  const { database, schema = defaultSchema, inTransaction, onAppended } = options;
  const { session } = database;
  const tables = livefoldTables(schema);
  const append = prepareAppend(database.appends, schema);
  const growth = new TableGrowth(session);

  async function writeIn(transaction: Session, items: readonly AppendItem[]): Promise<AppendedBatch> {
    const appended = await prepareAppend(transaction, schema)(items);
    const { before, outcomes } = appended;
    await inTransaction?.(transaction, {
      before,
      head: Math.max(before, ...outcomes.map(({ position }) => position)),
    });
    return appended;
  }

  /** In the caller's transaction, who may go on after an append that failed: nothing of that is left then. */
  function writeWithin(transaction: Session, item: AppendItem): Promise<AppendedBatch> {
    if (inTransaction === undefined) return writeIn(transaction, [item]);
    return transaction.transaction((savepoint) => writeIn(savepoint, [item]));
  }

  const queue = new AppendQueue(async (items, signal) => {
    const { outcomes, stored } = await cancellable(signal, () =>
      inTransaction === undefined
        ? append(items)
        : database.appends.transaction((transaction) => writeIn(transaction, items)),
    );
    onAppended?.(stored());
    watchGrowth(items);
    return outcomes;
  });

  /** Beside the appends: they need not wait for it, and if it fails that costs speed alone. */
  function watchGrowth(items: readonly AppendItem[]): void {
    const added = items.reduce((sum, { events }) => sum + events.length, 0);
    for (const table of [tables.events, tables.tags]) growth.add(table, added).catch(() => {});
  }

  async function conclude(on: Session, item: AppendItem, outcome: BatchOutcome): Promise<Receipt> {
    if (outcome.outcome === 'appended') return receiptFor(item, outcome);
    const receipt =
      outcome.outcome === 'duplicate' && item.command !== undefined
        ? await findReceipt(on, tables, item.command)
        : null;
    if (receipt === null) throw appendConflict(item, reasons[outcome.outcome]);
    return receipt;
  }

  return {
    async append(item, { transaction, signal } = {}) {
      checkAppend(item);
      if (isEmptyAppend(item))
        return receiptFor(item, { outcome: 'appended', position: await this.head(), version: null });
      try {
        if (transaction === undefined) return await conclude(session, item, await queue.append(item, signal));
        const {
          outcomes: [outcome],
        } = await writeWithin(transaction, item);
        if (outcome === undefined)
          throw new LivefoldError('DATABASE_ERROR', 'The append function gave no answer.');
        return await conclude(transaction, item, outcome);
      } catch (error) {
        // Its cause may look like a conflict of the append's own: two rows with one unique value, for example.
        if (isLivefoldError(error, 'PROJECTION_FAILED')) throw error;
        throw conflictOf(item, error) ?? translateError(error, 'appending events');
      }
    },

    async receiptOf(command, { transaction, signal } = {}) {
      try {
        return await cancellable(signal, () => findReceipt(transaction ?? session, tables, command));
      } catch (error) {
        throw translateError(error, 'looking up a command');
      }
    },

    read: (query, readOptions) => readEvents(readOptions?.transaction ?? session, tables, query, readOptions),

    async head() {
      try {
        const [last] = await session
          .select({ position: tables.events.position })
          .from(tables.events)
          .orderBy(desc(tables.events.position))
          .limit(1)
          .prepare('livefold_head')
          .execute();
        return last?.position ?? 0;
      } catch (error) {
        throw translateError(error, 'reading the head of the log');
      }
    },
  };
}

function receiptFor(item: AppendItem, { position, version }: BatchOutcome): Receipt {
  return {
    position,
    stream: item.events.at(-1)?.stream ?? '',
    version: version ?? 0,
    eventIds: item.events.map(({ id }) => id),
    duplicate: false,
  };
}

/** What became of a refused item, to complete "The append was refused, since …". */
const reasons: Readonly<Record<BatchOutcome['outcome'], string>> = {
  appended: 'it gave no receipt',
  duplicate: 'its command id is known and its receipt is not',
  conflict: 'a stream is not at the expected version',
  condition: 'a newer event matches the condition',
};
