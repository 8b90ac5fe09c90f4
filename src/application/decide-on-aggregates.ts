import { type AggregateCommand, streamOf } from '../domain/aggregate.ts';
import type { PreparedEvent } from '../domain/event.ts';
import { eventsOf, isRejection, type Rejection } from '../domain/rejection.ts';
import type { DecidingContext } from './attempt.ts';
import { validateInput } from './executable.ts';
import { foldOn, type Loaded, unloaded } from './loaded.ts';
import { prepareEvent } from './prepare-event.ts';

/** Aggregates by their streams. */
export type States = ReadonlyMap<string, Loaded<unknown>>;

/** What commands decided, and what became of their aggregates by it. */
export type Decided = {
  readonly rejection?: Rejection;
  readonly events: readonly PreparedEvent[];
  readonly states: States;
};

/** Lets commands decide in order, each on what those before it did. One rejection rejects all. */
export function decideOnAggregates(
  commands: readonly AggregateCommand[],
  loaded: States,
  { context, origin }: DecidingContext,
): Decided {
  const inputs = commands.map((command) => validateInput(command));
  const states = new Map(loaded);
  const events: PreparedEvent[] = [];
  for (const [index, { aggregate, id, decide }] of commands.entries()) {
    const stream = streamOf(aggregate, id);
    const before = states.get(stream) ?? unloaded(aggregate);
    const outcome = decide(before.state, inputs[index], context);
    if (isRejection(outcome)) return { rejection: outcome, events: [], states: loaded };
    const decided = eventsOf(outcome).map((event) => prepareEvent(event, stream, context.now, origin));
    events.push(...decided);
    states.set(stream, foldOn(aggregate, before, decided));
  }
  return { events, states };
}
