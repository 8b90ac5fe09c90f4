import type { StandardSchemaV1 } from '@standard-schema/spec';
import { LivefoldError } from '../kernel/errors.ts';
import type { CommandContext } from './command.ts';
import type { Fold } from './fold.ts';
import type { Outcome } from './rejection.ts';
import type { Upcasters } from './upcast.ts';

/** How a command decides: pure, from the aggregate's state and a validated input. */
export type Decide<State, Input> = (state: State, input: Input, context: CommandContext) => Outcome;

type CommandSpec<State, Input, Output> = {
  readonly schema: StandardSchemaV1<Input, Output>;
  readonly decide: Decide<State, Output>;
};

/** A command with its input, addressed to an aggregate type: what `execute` takes. The input is not validated yet. */
export type AggregateCommand<State = unknown> = {
  readonly kind: 'aggregate';
  readonly aggregate: AggregateRoot<State>;
  /** Which instance of the aggregate. */
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  readonly schema: StandardSchemaV1;
  readonly decide: Decide<State, unknown>;
};

/**
 * When an aggregate's state is stored beside its events, so that loading it need not fold all of them. Appends in a caller's
 * transaction and those of decisions store none. The state goes through the mapper: members that are `undefined` are left out.
 */
export type SnapshotPolicy = {
  /** After an append by which the stream's version crosses a multiple of this. Left out, only when asked for. */
  readonly every?: number;
  /** `background` (the default) answers the command first; `inline` has the snapshot stored before the receipt is given. */
  readonly mode?: 'inline' | 'background';
  /** The version of the state's shape; 1 unless given. Raise it when the state or its fold changes. */
  readonly schemaVersion?: number;
  /** By the version that a state has: how it becomes the next version's. A snapshot that none brings up to date is not used. */
  readonly upcast?: Upcasters;
};

/** An aggregate type without its commands: a name, which starts its stream ids, and the fold of its state. */
export type AggregateRoot<State> = {
  readonly name: string;
  readonly state: Fold<State>;
  readonly snapshots?: SnapshotPolicy;
};

// biome-ignore lint/suspicious/noExplicitAny: each command's input is inferred where it is declared; the record only holds them.
type CommandSpecs<State> = Readonly<Record<string, CommandSpec<State, any, any>>>;

type CommandMakers<State, Specs extends CommandSpecs<State>> = {
  readonly [Name in keyof Specs]: (
    id: string,
    input: StandardSchemaV1.InferInput<Specs[Name]['schema']>,
  ) => AggregateCommand<State>;
};

/** An aggregate type: `commands.place(id, input)` makes a command for `execute`. */
export type Aggregate<State, Specs extends CommandSpecs<State>> = AggregateRoot<State> & {
  readonly commands: CommandMakers<State, Specs>;
};

/**
 * Defines an aggregate: a fold over one stream, and commands that decide from its state which events come next.
 * The stream of instance `id` is `Name-id`.
 *
 * @throws LivefoldError `INVALID_NAME` for a name with a hyphen in it; `INVALID_SNAPSHOT_POLICY`
 */
export function aggregate<State, Specs extends CommandSpecs<State>>(
  name: string,
  definition: {
    readonly state: Fold<State>;
    /** Its state is folded from all events each time unless given. */
    readonly snapshots?: SnapshotPolicy;
    readonly commands: (
      command: <Input, Output>(
        schema: StandardSchemaV1<Input, Output>,
        decide: Decide<State, Output>,
      ) => CommandSpec<State, Input, Output>,
    ) => Specs;
  },
): Aggregate<State, Specs> {
  // `A-b` with the id `c` and `A` with the id `b-c` would share a stream.
  if (!/^[^-]{1,100}$/.test(name))
    throw new LivefoldError(
      'INVALID_NAME',
      `"${name}" is no name for an aggregate: use 1 to 100 characters without a hyphen.`,
    );
  const { state, snapshots } = definition;
  const { every } = snapshots ?? {};
  if (every !== undefined && !(Number.isSafeInteger(every) && every > 0))
    throw new LivefoldError(
      'INVALID_SNAPSHOT_POLICY',
      `The aggregate ${name} cannot have a snapshot every ${every} events: give a whole number from 1.`,
    );
  const root: AggregateRoot<State> = { name, state, ...(snapshots && { snapshots }) };
  const specs = definition.commands((schema, decide) => ({ schema, decide }));
  const makers = Object.entries(specs).map(([command, spec]) => [
    command,
    (id: string, input: unknown) => ({
      kind: 'aggregate',
      aggregate: root,
      id,
      name: command,
      input,
      ...spec,
    }),
  ]);
  return { ...root, commands: Object.fromEntries(makers) as CommandMakers<State, Specs> };
}

/** The stream that holds one aggregate's events. */
export function streamOf(aggregate: { readonly name: string }, id: string): string {
  return `${aggregate.name}-${id}`;
}

/** The id of the aggregate whose events a stream holds: the other way round from `streamOf`. */
export function idOf(aggregate: { readonly name: string }, stream: string): string {
  return stream.slice(aggregate.name.length + 1);
}
