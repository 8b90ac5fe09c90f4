import { type AggregateCommand, streamOf } from '../domain/aggregate.ts';
import type { CommandContext } from '../domain/command.ts';
import type { DecisionCommand } from '../domain/decision.ts';
import type { NewEvent, PreparedEvent } from '../domain/event.ts';
import { eventsOf, isRejection, type Outcome } from '../domain/rejection.ts';
import { validate } from '../domain/validate.ts';
import { backoff, sleep } from '../kernel/async.ts';
import { type Clock, systemClock } from '../kernel/clock.ts';
import { isLivefoldError, LivefoldError } from '../kernel/errors.ts';
import { createId } from '../kernel/ids.ts';
import { fingerprint } from '../kernel/json.ts';
import { isStorableName, longestName } from '../kernel/storable-text.ts';
import type { AppendItem, EventStore, Receipt } from '../persistence/event-store.ts';
import type { Loaded, Repository } from './repository.ts';
import { Turns } from './turns.ts';

/** What `execute` takes: a decision, one command on an aggregate, or several on the same one, stored together. */
// biome-ignore lint/suspicious/noExplicitAny: the command's own state type stays with its aggregate.
export type Executable = DecisionCommand | AggregateCommand<any> | readonly AggregateCommand<any>[];

export type ExecuteOptions<Transaction = unknown> = {
  /** Makes the command happen once, however often it is sent. 1 to 255 characters, chosen by the caller. */
  readonly commandId?: string | undefined;
  /**
   * What the caller was asked for, where the command was completed from it (an id made up, a price looked up). With the
   * same command id, the same request is the same command; the command itself unless given.
   */
  readonly request?: unknown;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
  readonly actor?: string | undefined;
  readonly tenant?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Business time; now unless given. The command sees it as its `now`. */
  readonly occurredAt?: Date;
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

/** What a try to decide gives: the append to make, or the domain's no; and what to do once it is known to hold. */
type Attempt = {
  readonly outcome: Outcome;
  readonly stream: string;
  readonly version: number;
  readonly guard: Pick<AppendItem, 'expected' | 'condition'>;
  readonly stored: (events: readonly PreparedEvent[]) => void;
  readonly refused: () => void;
};

/** Makes the function that executes commands against one store. */
export function createExecutor(options: ExecutorOptions): Execute {
  const { store, repository, clock = systemClock, tries = 8 } = options;
  const turns = new Turns();

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
      const events = eventsOf(tried.outcome).map((event) => prepare(event, tried.stream, now, given));
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

  async function decide(
    commands: readonly (DecisionCommand | AggregateCommand)[],
    context: CommandContext,
    isFresh: boolean,
  ): Promise<Attempt> {
    const [first] = commands;
    if (first === undefined) throw new LivefoldError('BAD_USER_INPUT', 'There is no command to execute.');
    if (first.kind === 'decision') return decideAcross(first, context);
    const aggregateCommands = commands.filter((command) => command.kind === 'aggregate');
    if (isFresh) return decideOnAggregate(aggregateCommands, first, context, await loadFresh(first));
    const attempt = decideOnAggregate(
      aggregateCommands,
      first,
      context,
      repository.guess(first.aggregate, first.id),
    );
    // A guess may be wrong. The append finds that out; but only the log itself may say no, or that there is nothing to do.
    const isFinal = !isRejection(attempt.outcome) && eventsOf(attempt.outcome).length > 0;
    return isFinal ? attempt : decideOnAggregate(aggregateCommands, first, context, await loadFresh(first));
  }

  function loadFresh({ aggregate, id }: AggregateCommand): Promise<Loaded<unknown>> {
    checkedStream(aggregate, id);
    return repository.loadFresh(aggregate, id);
  }

  function decideOnAggregate(
    commands: readonly AggregateCommand[],
    { aggregate, id }: AggregateCommand,
    context: CommandContext,
    loaded: Loaded<unknown>,
  ): Attempt {
    const stream = checkedStream(aggregate, id);
    const inputs = commands.map((command) => validateInput(command));
    const guard = { expected: [{ stream, version: loaded.version }] };
    const refused = (): void => repository.forget(stream);
    const decided: NewEvent[] = [];
    let state = loaded.state;
    for (const [index, command] of commands.entries()) {
      const outcome = command.decide(state, inputs[index], context);
      if (isRejection(outcome))
        return { outcome, stream, version: loaded.version, guard, refused, stored: () => {} };
      const events = eventsOf(outcome);
      decided.push(...events);
      state = aggregate.state.run(
        events.map((event) => prepare(event, stream, context.now, {})),
        state,
      );
    }
    const stored = (events: readonly PreparedEvent[]): void =>
      repository.keep(stream, {
        state: aggregate.state.run(events, loaded.state),
        version: loaded.version + events.length,
      });
    return { outcome: decided, stream, version: loaded.version, guard, refused, stored };
  }

  async function decideAcross(command: DecisionCommand, context: CommandContext): Promise<Attempt> {
    const { definition } = command;
    const input = validateInput({ ...command, schema: definition.schema });
    const query = definition.query(input);
    const fold = definition.state(input);
    let state = fold.initial;
    let after = 0;
    for await (const event of store.read(query)) {
      state = fold.apply(state, event);
      after = event.position;
    }
    const outcome = definition.decide(state, input, context);
    return {
      outcome,
      stream: definition.stream(input),
      version: 0,
      guard: { condition: { query, after } },
      stored: () => {},
      refused: () => {},
    };
  }
}

/** An aggregate's stream. @throws LivefoldError `BAD_USER_INPUT` for an id that no store can keep */
function checkedStream(aggregate: { readonly name: string }, id: string): string {
  return checkName(streamOf(aggregate, id), { what: 'stream id', path: 'id' });
}

function toList(executable: Executable): readonly (DecisionCommand | AggregateCommand)[] {
  const commands = 'kind' in executable ? [executable] : executable;
  const targets = new Set(
    commands.map((command) =>
      command.kind === 'decision' ? command.name : streamOf(command.aggregate, command.id),
    ),
  );
  if (targets.size > 1)
    throw new LivefoldError(
      'BAD_USER_INPUT',
      `Commands executed together go to one aggregate, not to ${targets.size}.`,
    );
  return commands;
}

/** What commands of one process take turns at: the stream that they write. */
function turnOf([first]: readonly (DecisionCommand | AggregateCommand)[]): string {
  if (first === undefined) return '';
  if (first.kind === 'aggregate') return streamOf(first.aggregate, first.id);
  return first.definition.stream(validateInput({ ...first, schema: first.definition.schema }));
}

function checkCommandId(id: string): string {
  return checkName(id, { what: 'command id', path: 'commandId' });
}

/** What comes from a client and becomes a key of the store must be one that the store can keep. */
function checkName(name: string, { what, path }: { readonly what: string; readonly path: string }): string {
  if (isStorableName(name)) return name;
  const message = `A ${what} has 1 to ${longestName} characters, none of them NUL or half a surrogate pair.`;
  throw new LivefoldError('BAD_USER_INPUT', message, { fields: { issues: [{ path: [path], message }] } });
}

function fingerprintOf(commands: readonly (DecisionCommand | AggregateCommand)[]): string {
  return fingerprint(
    commands.map((command) => [
      command.kind === 'decision' ? '' : streamOf(command.aggregate, command.id),
      command.name,
      command.input,
    ]),
  );
}

function validateInput(command: {
  readonly name: string;
  readonly schema: AggregateCommand['schema'];
  readonly input: unknown;
}): unknown {
  return validate(command.schema, command.input, { code: 'BAD_USER_INPUT', what: `command ${command.name}` });
}

function prepare(event: NewEvent, stream: string, now: Date, options: ExecuteOptions): PreparedEvent {
  const {
    correlationId = options.commandId,
    causationId = options.commandId,
    actor,
    tenant,
    metadata,
    occurredAt = now,
  } = options;
  return {
    ...event,
    id: createId(),
    stream,
    correlationId: correlationId ?? null,
    causationId: causationId ?? null,
    actor: actor ?? null,
    tenant: tenant ?? null,
    metadata: metadata ?? null,
    occurredAt,
  };
}
