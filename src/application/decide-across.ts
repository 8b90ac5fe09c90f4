import type { DecisionCommand } from '../domain/decision.ts';
import { eventsOf, isRejection } from '../domain/rejection.ts';
import type { EventStore } from '../persistence/event-store.ts';
import type { Attempt, DecidingContext } from './attempt.ts';
import { validateInput } from './executable.ts';
import { foldQuery } from './fold-query.ts';
import { unloaded } from './loaded.ts';
import { prepareEvent } from './prepare-event.ts';

/** Lets a decision decide from the events that its query means. What it decides holds if none comes in between. */
export async function decideAcross(
  command: DecisionCommand,
  { context, origin, transaction, signal }: DecidingContext,
  store: Pick<EventStore, 'read'>,
): Promise<Attempt> {
  const { definition } = command;
  const input = validateInput({ ...command, schema: definition.schema });
  const query = definition.query(input);
  const root = { state: definition.state(input) };
  const source = { events: store, query, range: { transaction, signal } };
  const { state, position: after } = await foldQuery(root, unloaded(root), source);
  const outcome = definition.decide(state, input, context);
  const stream = definition.stream(input);
  return {
    ...(isRejection(outcome)
      ? { rejection: outcome, events: [] }
      : { events: eventsOf(outcome).map((event) => prepareEvent(event, stream, context.now, origin)) }),
    guard: { condition: { query, after } },
    stream,
    version: 0,
    stored: async () => {},
    refused: () => {},
  };
}
