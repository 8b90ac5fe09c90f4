import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { normalize } from '../kernel/json.ts';
import { type AggregateCommand, type AggregateRoot, streamOf } from './aggregate.ts';
import type { CommandContext } from './command.ts';
import type { DecisionCommand } from './decision.ts';
import type { NewEvent, PreparedEvent } from './event.ts';
import { matches } from './query.ts';
import { eventsOf, isRejection, type Outcome } from './rejection.ts';
import { validate } from './validate.ts';

/** An event that happened before: what an event definition makes, with any part of the envelope that a fold looks at. */
export type GivenEvent = NewEvent & Partial<PreparedEvent>;

/** What has happened; `when` says which command comes now. */
export type Given<Command> = {
  /**
   * Lets the command decide. It sees `context.now` and `context.newId` where given, else a fixed time and ids that rise
   * from `00000000-0000-7000-8000-000000000001`, so that every run decides the same.
   *
   * @throws LivefoldError `BAD_USER_INPUT` when the input does not fit the command's schema
   */
  when(command: Command, context?: Partial<CommandContext>): Decided;
};

/** What the command decided; each check throws an AssertionError that shows the difference. */
export type Decided = {
  /** Exactly these events, in this order; none at all when called without events. */
  then(...expected: readonly NewEvent[]): void;
  /** A rejection for this reason. */
  thenRejected(reason: string): void;
};

/**
 * Starts a test of a pure deciding function, without a store and without a test framework:
 * `given(Order, OrderPlaced({ … })).when(Order.commands.ship('7', { … })).then(OrderShipped({ … }))`.
 * For a decision, pass the decision itself first; its query chooses among the events given.
 */
export function given<State>(
  subject: AggregateRoot<State>,
  ...history: readonly GivenEvent[]
): Given<AggregateCommand<State>>;
export function given<Input>(
  subject: (input: Input) => DecisionCommand,
  ...history: readonly GivenEvent[]
): Given<DecisionCommand>;
export function given(
  subject: AggregateRoot<unknown> | ((input: never) => DecisionCommand),
  ...history: readonly GivenEvent[]
): Given<AggregateCommand | DecisionCommand> {
  return {
    when(command, context = {}) {
      if (typeof subject === 'object') assertSameAggregate(subject, command);
      const complete = { ...fixedContext(), ...context };
      return decided(
        command.kind === 'decision'
          ? decideAcross(command, history, complete)
          : decideOn(command, history, complete),
      );
    },
  };
}

function assertSameAggregate(
  subject: AggregateRoot<unknown>,
  command: AggregateCommand | DecisionCommand,
): void {
  const name = command.kind === 'aggregate' ? command.aggregate.name : command.name;
  if (name !== subject.name)
    assert.fail(`The events given are of ${subject.name}, but the command "${command.name}" is of ${name}.`);
}

function decideOn(
  command: AggregateCommand,
  history: readonly GivenEvent[],
  context: CommandContext,
): Outcome {
  const input = validate(command.schema, command.input, subjectOf(command));
  const events = prepareAll(history, streamOf(command.aggregate, command.id), context.now);
  return command.decide(command.aggregate.state.run(events), input, context);
}

function decideAcross(
  command: DecisionCommand,
  history: readonly GivenEvent[],
  context: CommandContext,
): Outcome {
  const { definition } = command;
  const input = validate(definition.schema, command.input, subjectOf(command));
  const query = definition.query(input);
  const events = prepareAll(history, definition.stream(input), context.now).filter((event) =>
    matches(query, event),
  );
  return definition.decide(definition.state(input).run(events), input, context);
}

function subjectOf(command: { readonly name: string }) {
  return { code: 'BAD_USER_INPUT', what: `command ${command.name}` };
}

/** The events as a store gives them back. */
function prepareAll(history: readonly GivenEvent[], stream: string, now: Date): readonly PreparedEvent[] {
  const forgotten = new Set(history.flatMap(({ forgets = [] }) => forgets));
  return history.map((event, index) => ({
    id: idNumber(index + 1),
    stream,
    correlationId: null,
    causationId: null,
    actor: null,
    tenant: null,
    metadata: null,
    occurredAt: now,
    ...event,
    data: normalize(withoutForgotten(event, forgotten)),
  }));
}

/** The event's data, where what is about somebody forgotten reads as the event's definition says. */
function withoutForgotten({ data, personal = [] }: NewEvent, forgotten: ReadonlySet<string>): unknown {
  const erased = personal.filter(({ subject }) => forgotten.has(subject));
  return erased.length === 0 ? data : Object.assign({}, data, ...erased.map((fields) => fields.erased));
}

function decided(outcome: Outcome): Decided {
  return {
    // biome-ignore lint/suspicious/noThenProperty: given, when, then are the words of these tests; awaiting one by mistake is refused below.
    then(...expected) {
      if (typeof expected[0] === 'function')
        assert.fail('Nothing here is to be awaited: call then(...events).');
      if (isRejection(outcome))
        assert.fail(
          `Expected ${describe(expected)}, but the command was rejected: ${outcome.reason} (${outcome.message})`,
        );
      assert.deepStrictEqual(eventsOf(outcome).map(asNewEvent), expected.map(asNewEvent));
    },
    thenRejected(reason) {
      if (!isRejection(outcome))
        assert.fail(
          `Expected a rejection ${reason}, but the command decided ${describe(eventsOf(outcome))}.`,
        );
      assert.equal(outcome.reason, reason);
    },
  };
}

function asNewEvent({ type, schemaVersion, data, tags }: NewEvent): NewEvent {
  return { type, schemaVersion, data: normalize(data), tags };
}

function describe(events: readonly NewEvent[]): string {
  return events.length === 0
    ? 'no event'
    : events
        .map(
          ({ type, data }) =>
            `${type} ${inspect(data, { depth: null, breakLength: Number.POSITIVE_INFINITY })}`,
        )
        .join(', ');
}

/** A time and ids that are the same in every run. */
function fixedContext(): CommandContext {
  let made = 0;
  return {
    now: new Date('2000-01-01T00:00:00Z'),
    newId() {
      made += 1;
      return idNumber(made);
    },
  };
}

function idNumber(number: number): string {
  return `00000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}
