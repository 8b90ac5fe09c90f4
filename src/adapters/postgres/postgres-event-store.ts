import { and, asc, desc, eq, gt, lte } from 'drizzle-orm';
import type { StoredEvent } from '../../domain/event.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import { checkAppend } from '../../persistence/check-append.ts';
import type { AppendItem, EventStore, Receipt } from '../../persistence/event-store.ts';
import { type AppendedBatch, type BatchOutcome, prepareAppend } from './append-batch.ts';
import { AppendQueue } from './append-queue.ts';
import type { Database, Session } from './database.ts';
import { readEvents } from './read-events.ts';
import { TableGrowth } from './table-growth.ts';
import { defaultSchema, livefoldTables } from './tables.ts';
import { databaseCode, translateError } from './translate-error.ts';

export type PostgresEventStoreOptions = {
  readonly database: Database;
  /** The Postgres schema of Livefold's own tables. */
  readonly schema?: string;
  /** Runs in the transaction of every append, behind its events: what inline projections hook into. */
  readonly inTransaction?: (transaction: Session) => Promise<void>;
  /** Gets what this process appended, as soon as it is committed. */
  readonly onAppended?: (events: readonly StoredEvent[]) => void;
};

const UNIQUE_VIOLATION = '23505';

/** The event store on Postgres 15 or newer. The tables come from `migrateDatabase`. */
export function createPostgresEventStore(options: PostgresEventStoreOptions): EventStore<Session> {
  const { database, schema = defaultSchema, inTransaction, onAppended } = options;
  const { session } = database;
  const tables = livefoldTables(schema);
  const append = prepareAppend(database.appends, schema);
  // Not on the pool: appends that go one by one would from then on change between two server processes, a fifth slower.
  const growth = new TableGrowth(database.pipeline);

  async function writeIn(transaction: Session, items: readonly AppendItem[]): Promise<AppendedBatch> {
    const appended = await prepareAppend(transaction, schema)(items);
    await inTransaction?.(transaction);
    return appended;
  }

  const queue = new AppendQueue(async (items) => {
    const { outcomes, stored } =
      inTransaction === undefined
        ? await append(items)
        : await database.appends.transaction((transaction) => writeIn(transaction, items));
    onAppended?.(stored());
    watchGrowth(items);
    return outcomes;
  });

  /** Beside the appends: they need not wait for it, and if it fails that costs speed alone. */
  function watchGrowth(items: readonly AppendItem[]): void {
    const added = items.reduce((sum, { events }) => sum + events.length, 0);
    for (const table of [tables.events, tables.tags]) growth.add(table, added).catch(() => {});
  }

  async function findReceipt(
    on: Session,
    command: NonNullable<AppendItem['command']>,
  ): Promise<Receipt | null> {
    const [known] = await on
      .select()
      .from(tables.commands)
      .where(eq(tables.commands.id, command.id))
      .prepare('livefold_command')
      .execute();
    if (known === undefined) return null;
    if (known.fingerprint !== command.fingerprint) {
      const message = `The command id "${command.id}" was used before with another input: take a new id for a new command.`;
      throw new LivefoldError('COMMAND_ID_REUSED', message, { fields: { commandId: command.id } });
    }
    const { id, stream, version, position } = tables.events;
    const stored = await on
      .select({ id, stream, version })
      .from(tables.events)
      .where(and(gt(position, known.position - known.events), lte(position, known.position)))
      .orderBy(asc(position))
      .prepare('livefold_receipt')
      .execute();
    const last = stored.at(-1);
    return {
      position: known.position,
      stream: last?.stream ?? '',
      version: last?.version ?? 0,
      eventIds: stored.map((event) => event.id),
      duplicate: true,
    };
  }

  async function conclude(on: Session, item: AppendItem, outcome: BatchOutcome): Promise<Receipt> {
    if (outcome.outcome === 'appended') return receiptFor(item, outcome);
    const receipt =
      outcome.outcome === 'duplicate' && item.command !== undefined
        ? await findReceipt(on, item.command)
        : null;
    if (receipt === null) throw conflict(item, outcome.outcome);
    return receipt;
  }

  return {
    async append(item, { transaction } = {}) {
      checkAppend(item);
      if (item.events.length === 0 && item.command === undefined)
        return receiptFor(item, { outcome: 'appended', position: await this.head(), version: null });
      try {
        if (transaction === undefined) return await conclude(session, item, await queue.append(item));
        const {
          outcomes: [outcome],
        } = await writeIn(transaction, [item]);
        if (outcome === undefined)
          throw new LivefoldError('DATABASE_ERROR', 'The append function gave no answer.');
        return await conclude(transaction, item, outcome);
      } catch (error) {
        if (databaseCode(error) === UNIQUE_VIOLATION)
          throw conflict(item, 'an event with one of these ids is in the log already', error);
        throw translateError(error, 'appending events');
      }
    },

    async receiptOf(command) {
      try {
        return await findReceipt(session, command);
      } catch (error) {
        throw translateError(error, 'looking up a command');
      }
    },

    read: (query, readOptions) => readEvents(session, tables, query, readOptions),

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

function conflict(item: AppendItem, why: string, cause?: unknown): LivefoldError {
  const streams = [
    ...new Set([
      ...(item.expected ?? []).map(({ stream }) => stream),
      ...item.events.map(({ stream }) => stream),
    ]),
  ];
  const what =
    why === 'conflict'
      ? 'a stream is not at the expected version'
      : why === 'condition'
        ? 'a newer event matches the condition'
        : why;
  return new LivefoldError(
    'CONCURRENCY_CONFLICT',
    `The append was refused, since ${what}: read again and decide again.`,
    { fields: { streams }, cause },
  );
}
