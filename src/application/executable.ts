import { type AggregateCommand, streamOf } from '../domain/aggregate.ts';
import type { DecisionCommand } from '../domain/decision.ts';
import { validate } from '../domain/validate.ts';
import { LivefoldError } from '../kernel/errors.ts';
import { fingerprint } from '../kernel/json.ts';
import { isStorableName, longestName } from '../kernel/storable-text.ts';

/** What `execute` takes: a decision, one command on an aggregate, or several on the same one, stored together. */
// biome-ignore lint/suspicious/noExplicitAny: the command's own state type stays with its aggregate.
export type Executable = DecisionCommand | AggregateCommand<any> | readonly AggregateCommand<any>[];

/** The commands of an executable, which all go to one target. */
export type Commands = readonly (DecisionCommand | AggregateCommand)[];

/** @throws LivefoldError `BAD_USER_INPUT` for commands on several aggregates */
export function toList(executable: Executable): Commands {
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
export function turnOf([first]: Commands): string {
  if (first === undefined) return '';
  if (first.kind === 'aggregate') return streamOf(first.aggregate, first.id);
  return first.definition.stream(validateInput({ ...first, schema: first.definition.schema }));
}

/** The same commands with the same input have the same fingerprint. */
export function fingerprintOf(commands: Commands): string {
  return fingerprint(
    commands.map((command) => [
      command.kind === 'decision' ? '' : streamOf(command.aggregate, command.id),
      command.name,
      command.input,
    ]),
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
