import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Decide } from './aggregate.ts';
import type { Fold } from './fold.ts';
import type { Query } from './query.ts';

/**
 * A rule over any events of the log, not over one stream: a Dynamic Consistency Boundary (https://dcb.events).
 * What `decide` returns is stored only if no newer event matches the query that its state was folded from.
 */
export type DecisionDefinition<State, Input, Output> = {
  readonly schema: StandardSchemaV1<Input, Output>;
  /** The events that the decision depends on. */
  readonly query: (input: Output) => Query;
  /** The state at the start, which may depend on the input, folded over those events. */
  readonly state: (input: Output) => Fold<State>;
  readonly decide: Decide<State, Output>;
  /** The stream that takes the decided events. */
  readonly stream: (input: Output) => string;
};

/** A decision with its input: what `execute` takes. The input is not validated yet. */
export type DecisionCommand = {
  readonly kind: 'decision';
  readonly name: string;
  readonly input: unknown;
  // biome-ignore lint/suspicious/noExplicitAny: the state and the validated input are known to the definition alone.
  readonly definition: DecisionDefinition<any, any, any>;
};

/** Defines a decision. The made function takes an input and gives a command for `execute`. */
export function decision<State, Input, Output>(
  name: string,
  definition: DecisionDefinition<State, Input, Output>,
): (input: Input) => DecisionCommand {
  return (input) => ({ kind: 'decision', name, input, definition });
}
