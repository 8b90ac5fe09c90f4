import type { CommandContext } from '../domain/command.ts';
import type { EventRegistry } from '../domain/event-registry.ts';
import type { Rejection } from '../domain/rejection.ts';
import { backoff, sleep, throwIfAborted } from '../kernel/async.ts';
import { type Clock, systemClock } from '../kernel/clock.ts';
import { isLivefoldError, LivefoldError } from '../kernel/errors.ts';
import { createId } from '../kernel/ids.ts';
import { fingerprint } from '../kernel/json.ts';
import type { AppendItem, EventStore, Receipt } from '../persistence/event-store.ts';
import type { Attempt, DecidingContext } from './attempt.ts';
import { createDecider } from './decide.ts';
import { checkCommandId, type Executable, fingerprintOf, streamsOf, toCommands } from './executable.ts';
import type { EventOrigin } from './prepare-event.ts';
import type { Repository } from './repository.ts';
import { Turns } from './turns.ts';

export type ExecuteOptions<Transaction = unknown> = EventOrigin & {
  /** Makes the command happen once, however often it is sent. 1 to 255 characters, chosen by the caller. */
  readonly commandId?: string | undefined;
  /**
   * What the caller was asked for, where the command was completed from it (an id made up, a price looked up). With the
   * same command id, the same request is the same command; the command itself unless given.
   */
  readonly request?: unknown;
  /** Joins a transaction of the caller's: it sees what was done there, and the events are there once it commits. */
  readonly transaction?: Transaction;
  /** Says that nobody waits any more: what is not stored by then is not tried again, and dropped where the store can. */
  readonly signal?: AbortSignal | undefined;
};

/**
 * Executes a command: validate → load → decide → append → receipt. A conflict loads and decides again.
 *
 * @throws LivefoldError `BAD_USER_INPUT` with `fields.issues`, when the input does not fit the command's schema
 * @throws LivefoldError `COMMAND_REJECTED` with `fields.reason`, the domain's own code
 * @throws LivefoldError `CONCURRENCY_CONFLICT` when others changed the same events on every try
 * @throws LivefoldError `COMMAND_ID_REUSED` when the command id came before with another input
 * @throws LivefoldError `UNKNOWN_EVENT_TYPE` when the command decides an event that the application has not listed
 */
export type Execute = (command: Executable, options?: ExecuteOptions) => Promise<Receipt>;

export type ExecutorOptions = {
  readonly store: EventStore;
  readonly repository: Repository;
  /** The event types that may be stored; any unless given. */
  readonly registry?: Pick<EventRegistry, 'definitionOf'>;
  readonly clock?: Clock;
  /** Tries in all when others change the same events at the same time. */
  readonly tries?: number;
};

/** Makes the function that executes commands against one store. */
export function createExecutor(options: ExecutorOptions): Execute {
  const { store, repository, registry, clock = systemClock, tries = 8 } = options;
  const turns = new Turns();
  const decide = createDecider({ store, repository });

  return async (executable, given = {}) => {
    const commands = toCommands(executable);
    const command =
      given.commandId === undefined
        ? undefined
        : {
            id: checkCommandId(given.commandId),
            fingerprint: given.request === undefined ? fingerprintOf(commands) : fingerprint(given.request),
          };
    const now = given.occurredAt ?? clock();
    const { transaction, signal } = given;
    const context: CommandContext = { now, newId: () => createId() };
    const deciding: DecidingContext = { context, origin: given, transaction, signal };

    // Whoever joins a transaction may hold the log's lock already, which the one whose turn it is would wait for.
    return transaction === undefined ? turns.take(streamsOf(commands), tryUntilSettled) : tryUntilSettled();

    async function tryUntilSettled(): Promise<Receipt> {
      for (let attempt = 0; ; attempt += 1) {
        throwIfAborted(signal);
        const tried = await decide(commands, deciding, attempt > 0 || transaction !== undefined);
        if (tried.rejection !== undefined) return receiptOr(tried.rejection);
        try {
          return await append(tried);
        } catch (error) {
          const isConflict = isLivefoldError(error, 'CONCURRENCY_CONFLICT');
          if (!isConflict || attempt + 1 >= tries || transaction !== undefined) {
            tried.refused();
            throw error;
          }
          // The first try may have gone by an old guess: the second one follows at once.
          if (attempt > 0) await sleep(backoff(attempt, { base: 2, most: 100 }), signal);
        }
      }
    }

    /** A command that was carried out may well be refused the second time; the first receipt counts. */
    async function receiptOr({ reason, message }: Rejection): Promise<Receipt> {
      const receipt = command === undefined ? null : await store.receiptOf(command, { transaction, signal });
      if (receipt !== null) return receipt;
      throw new LivefoldError('COMMAND_REJECTED', `The command was rejected: ${message}`, {
        fields: { reason },
      });
    }

    async function append({ events, guard, stream, version, stored }: Attempt): Promise<Receipt> {
      for (const event of events) registry?.definitionOf(event);
      const item: AppendItem = { events, ...guard, ...(command === undefined ? {} : { command }) };
      const receipt = await store.append(item, { transaction, signal });
      if (receipt.eventIds.length === 0) return { ...receipt, stream, version };
      if (!receipt.duplicate && transaction === undefined) await stored(receipt);
      // States in memory may have been folded from what nobody can read any more.
      if (events.some(({ forgets = [] }) => forgets.length > 0)) repository.clear();
      return receipt;
    }
  };
}
