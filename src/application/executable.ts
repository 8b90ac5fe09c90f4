import { type AggregateCommand, streamOf } from '../domain/aggregate.ts';
import type { DecisionCommand } from '../domain/decision.ts';
import { validate } from '../domain/validate.ts';
import { LivefoldError } from '../kernel/errors.ts';
import { fingerprint } from '../kernel/json.ts';
import { isStorableName, longestName } from '../kernel/storable-text.ts';

/** What `execute` takes: a decision, one command on an aggregate, or several, on one or more, stored together. */
// biome-ignore lint/suspicious/noExplicitAny: the command's own state type stays with its aggregate.
export type Executable = DecisionCommand | AggregateCommand<any> | readonly AggregateCommand<any>[];

/** A decision, or commands on aggregates, in order. */
export type Commands = DecisionCommand | readonly AggregateCommand[];

/** @throws LivefoldError `BAD_USER_INPUT` for no command at all, and for a decision that is not alone */
export function toCommands(executable: Executable): Commands {
  if ('kind' in executable) return executable.kind === 'decision' ? executable : [executable];
  if (executable.length === 0) throw new LivefoldError('BAD_USER_INPUT', 'There is no command to execute.');
  const kinds: readonly string[] = executable.map(({ kind }) => kind);
  if (kinds.includes('decision'))
    throw new LivefoldError('BAD_USER_INPUT', 'A decision is executed alone, not in a list of commands.');
  return executable;
}

/** What commands of one process take turns at: the streams that they write. */
export function streamsOf(commands: Commands): readonly string[] {
  if (!('kind' in commands)) return commands.map(({ aggregate, id }) => streamOf(aggregate, id));
  const { definition } = commands;
  return [definition.stream(validateInput({ ...commands, schema: definition.schema }))];
}

/** The same commands with the same input have the same fingerprint. */
export function fingerprintOf(commands: Commands): string {
  return fingerprint(
    'kind' in commands
      ? [['', commands.name, commands.input]]
      : commands.map(({ aggregate, id, name, input }) => [streamOf(aggregate, id), name, input]),
  );
}

/** @throws LivefoldError `BAD_USER_INPUT` with every issue */
export function validateInput(command: {
  readonly name: string;
  readonly schema: AggregateCommand['schema'];
  readonly input: unknown;
}): unknown {
  return validate(command.schema, command.input, { code: 'BAD_USER_INPUT', what: `command ${command.name}` });
}

/** An aggregate's stream. @throws LivefoldError `BAD_USER_INPUT` for an id that no store can keep */
export function checkedStream(aggregate: { readonly name: string }, id: string): string {
  return checkName(streamOf(aggregate, id), { what: 'stream id', path: 'id' });
}

/** @throws LivefoldError `BAD_USER_INPUT` for an id that no store can keep */
export function checkCommandId(id: string): string {
  return checkName(id, { what: 'command id', path: 'commandId' });
}

/** What comes from a client and becomes a key of the store must be one that the store can keep. */
function checkName(name: string, { what, path }: { readonly what: string; readonly path: string }): string {
  if (isStorableName(name)) return name;
  const message = `A ${what} has 1 to ${longestName} characters, none of them NUL or half a surrogate pair.`;
  throw new LivefoldError('BAD_USER_INPUT', message, { fields: { issues: [{ path: [path], message }] } });
}
