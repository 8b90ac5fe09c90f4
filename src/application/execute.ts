import type { CommandContext } from '../domain/command.ts';
import { eventsOf, isRejection } from '../domain/rejection.ts';
import { backoff, sleep } from '../kernel/async.ts';
import { type Clock, systemClock } from '../kernel/clock.ts';
import { isLivefoldError, LivefoldError } from '../kernel/errors.ts';
import { createId } from '../kernel/ids.ts';
import { fingerprint } from '../kernel/json.ts';
import type { AppendItem, EventStore, Receipt } from '../persistence/event-store.ts';
import { type Attempt, createDecider } from './decide.ts';
import { checkCommandId, type Executable, fingerprintOf, toList, turnOf } from './executable.ts';
import { type EventOrigin, prepareEvent } from './prepare-event.ts';
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
  /** Joins a transaction of the caller's: the events are there once it commits. */
  readonly transaction?: Transaction;
};

/**
 * Executes a command: validate → load → decide → append → receipt. A conflict loads and decides again.
 *
 * @throws LivefoldError `BAD_USER_INPUT` with `fields.issues`, when the input does not fit the command's schema
 * @throws LivefoldError `COMMAND_REJECTED` with `fields.reason`, the domain's own code
 * @throws LivefoldError `CONCURRENCY_CONFLICT` when others changed the same events on every try
 * @throws LivefoldError `COMMAND_ID_REUSED` when the command id came before with another input
 */
export type Execute = (command: Executable, options?: ExecuteOptions) => Promise<Receipt>;

export type ExecutorOptions = {
  readonly store: EventStore;
  readonly repository: Repository;
  readonly clock?: Clock;
  /** Tries in all when others change the same events at the same time. */
  readonly tries?: number;
};

/** Makes the function that executes commands against one store. */
export function createExecutor(options: ExecutorOptions): Execute {
  const { store, repository, clock = systemClock, tries = 8 } = options;
  const turns = new Turns();
  const decide = createDecider({ store, repository });

  return async (executable, given = {}) => {
    const commands = toList(executable);
    const command =
      given.commandId === undefined
        ? undefined
        : {
            id: checkCommandId(given.commandId),
            fingerprint: given.request === undefined ? fingerprintOf(commands) : fingerprint(given.request),
          };
    const now = given.occurredAt ?? clock();
    const context: CommandContext = { now, newId: () => createId() };

    // Whoever joins a transaction may hold the log's lock already, which the one whose turn it is would wait for.
    return given.transaction === undefined
      ? turns.take(turnOf(commands), tryUntilSettled)
      : tryUntilSettled();

    async function tryUntilSettled(): Promise<Receipt> {
      for (let attempt = 0; ; attempt += 1) {
        const tried = await decide(commands, context, attempt > 0 || given.transaction !== undefined);
        try {
          return await conclude(tried, command);
        } catch (error) {
          tried.refused();
          const mayRetry =
            isLivefoldError(error, 'CONCURRENCY_CONFLICT') &&
            attempt + 1 < tries &&
            given.transaction === undefined;
          if (!mayRetry) throw error;
          // The first try may have gone by an old guess: the second one follows at once.
          if (attempt > 0) await sleep(backoff(attempt, { base: 2, most: 100 }));
        }
      }
    }

    async function conclude(tried: Attempt, commandKey: AppendItem['command']): Promise<Receipt> {
      if (isRejection(tried.outcome)) {
        // A command that was carried out may well be refused the second time; the first receipt counts.
        const receipt = commandKey === undefined ? null : await store.receiptOf(commandKey);
        if (receipt !== null) return receipt;
        const { reason, message } = tried.outcome;
        throw new LivefoldError('COMMAND_REJECTED', `The command was rejected: ${message}`, {
          fields: { reason },
        });
      }
      const events = eventsOf(tried.outcome).map((event) => prepareEvent(event, tried.stream, now, given));
      const item: AppendItem = {
        events,
        ...tried.guard,
        ...(commandKey === undefined ? {} : { command: commandKey }),
      };
      const receipt = await store.append(
        item,
        given.transaction === undefined ? {} : { transaction: given.transaction },
      );
      if (receipt.eventIds.length === 0) return { ...receipt, stream: tried.stream, version: tried.version };
      if (!receipt.duplicate && given.transaction === undefined) tried.stored(events);
      return receipt;
    }
  };
}
