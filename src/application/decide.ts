import type { AggregateCommand } from '../domain/aggregate.ts';
import type { CommandContext } from '../domain/command.ts';
import type { DecisionCommand } from '../domain/decision.ts';
import type { NewEvent, PreparedEvent } from '../domain/event.ts';
import { eventsOf, isRejection, type Outcome } from '../domain/rejection.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { AppendItem, EventStore } from '../persistence/event-store.ts';
import { type Commands, checkedStream, validateInput } from './executable.ts';
import { prepareEvent } from './prepare-event.ts';
import type { Loaded, Repository } from './repository.ts';

/** What a try to decide gives: the append to make, or the domain's no; and what to do once it is known to hold. */
export type Attempt = {
  readonly outcome: Outcome;
  readonly stream: string;
  readonly version: number;
  readonly guard: Pick<AppendItem, 'expected' | 'condition'>;
  readonly stored: (events: readonly PreparedEvent[]) => void;
  readonly refused: () => void;
};

/** Lets commands decide. `isFresh` asks for the state from the log, and not for what is in memory or guessed. */
export type Decide = (commands: Commands, context: CommandContext, isFresh: boolean) => Promise<Attempt>;

/** Makes the function that loads what commands decide from, and lets them decide. */
export function createDecider({
  store,
  repository,
}: {
  readonly store: EventStore;
  readonly repository: Repository;
}): Decide {
  return decide;

  async function decide(commands: Commands, context: CommandContext, isFresh: boolean): Promise<Attempt> {
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
        events.map((event) => prepareEvent(event, stream, context.now, {})),
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
