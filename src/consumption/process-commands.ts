import type { Executable } from '../application/executable.ts';
import type { Execute, ExecuteOptions } from '../application/execute.ts';
import { within } from '../kernel/async.ts';
import { isLivefoldError, LivefoldError } from '../kernel/errors.ts';
import { fingerprint } from '../kernel/json.ts';
import type { Logger } from '../kernel/log.ts';
import { isStorableName } from '../kernel/storable-text.ts';
import type { Lease } from './lease-store.ts';
import { addReaction, stateBehind } from './process-change.ts';
import type { AnyProcessManager, Reaction } from './process-manager.ts';
import type { Process, ProcessChange, ProcessStore } from './process-store.ts';
import { reactWithin } from './react-within.ts';

/** A compensation may be rejected too, and be compensated; so often one behind the other only by mistake. */
const mostInARow = 10;

/** Milliseconds that a command may take. The next try has the same id: whether this one was stored after all, it sees. */
const longestCommand = 60_000;

export type SendOptions = {
  readonly manager: AnyProcessManager;
  readonly store: ProcessStore;
  readonly execute: Execute;
  readonly logger: Logger;
  readonly lease: Lease;
  /** Milliseconds that a command may take; a minute unless given. */
  readonly timeout?: number | undefined;
};

/** Where a command comes from: its id is made of the one given here and its place among a reaction's commands. */
export type Cause = Pick<ExecuteOptions, 'correlationId' | 'causationId'> & { readonly commandId: string };

/** One process in a batch: as it was before, and what the batch has done to it so far. */
export type Course = { readonly before: Process | undefined; readonly change: ProcessChange };

/**
 * Carries out a reaction: sends its commands in order, and lets the process react to one that is rejected, in place of the
 * commands behind it. What a rejection leads to is crash-safe since the rejection is kept first: the command, which would
 * perhaps be accepted the next time, is not sent again.
 *
 * @throws LivefoldError `PROCESS_RESTLESS` when compensations are rejected again and again
 */
export async function carryOut(
  reaction: Reaction<unknown>,
  { before, change }: Course,
  { cause, rejections = 0 }: { readonly cause: Cause; readonly rejections?: number },
  options: SendOptions,
): Promise<ProcessChange> {
  const { manager } = options;
  const { key } = change;
  const next = addReaction(change, reaction);
  for (const [index, command] of (reaction.send ?? []).entries()) {
    const sent = { ...cause, commandId: commandIdOf(cause.commandId, String(index)) };
    const known = before?.rejected.get(sent.commandId);
    const reason = known ?? (await send(command, sent, options));
    const compensate = reason === undefined ? undefined : manager.reactionToRejection(reason);
    if (reason === undefined || compensate === undefined) continue;
    if (rejections === mostInARow) throw restless(manager, key, reason);
    if (known === undefined) await keep({ key, commandId: sent.commandId, reason }, options);
    const behind = { ...next, answered: [...next.answered, sent.commandId] };
    const state = stateBehind(behind, before);
    const compensation = await reactWithin(manager, () => compensate(state, { command, reason }, key));
    return carryOut(
      compensation,
      { before, change: behind },
      { cause: sent, rejections: rejections + 1 },
      options,
    );
  }
  return next;
}

/** Why the domain refused a command; undefined when it did not. */
async function send(
  command: Executable,
  cause: Cause,
  { manager, execute, logger, timeout = longestCommand }: SendOptions,
): Promise<string | undefined> {
  try {
    await within(execute(command, cause), timeout, () => timedOut(manager, cause.commandId));
    return undefined;
  } catch (error) {
    if (!isLivefoldError(error, 'COMMAND_REJECTED')) throw error;
    const reason = String(error.fields.reason);
    logger.info(
      { processManager: manager.name, commandId: cause.commandId, reason },
      'a command was rejected',
    );
    return reason;
  }
}

async function keep(
  rejected: { readonly key: string; readonly commandId: string; readonly reason: string },
  { manager, store, lease }: SendOptions,
): Promise<void> {
  if (!(await store.reject(manager.name, rejected, lease))) throw leaseLost(manager);
}

/** The parts, or where they are longer than the id of a command may be, what stands for them. */
export function commandIdOf(...parts: readonly string[]): string {
  const id = parts.join(':');
  return isStorableName(id) ? id : fingerprint(id);
}

/** Another process has the work by now. */
export function leaseLost({ name }: AnyProcessManager): LivefoldError {
  return new LivefoldError('LEASE_LOST', `Another process works on the process manager "${name}" by now.`);
}

function timedOut({ name }: AnyProcessManager, commandId: string): LivefoldError {
  return new LivefoldError(
    'COMMAND_TIMED_OUT',
    `A command of the process manager "${name}" got no answer in time. It is sent again, under the same id.`,
    { fields: { processManager: name, commandId } },
  );
}

function restless({ name }: AnyProcessManager, key: string, reason: string): LivefoldError {
  return new LivefoldError(
    'PROCESS_RESTLESS',
    `The process manager "${name}" had ${mostInARow + 1} commands rejected in a row by what it does about rejections: see \`onRejection\`.`,
    { fields: { processManager: name, key, reason } },
  );
}
