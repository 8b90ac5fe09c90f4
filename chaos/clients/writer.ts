import { sleep } from '../../src/kernel/async.ts';
import { createRandom } from '../../src/kernel/random.ts';
import { type Command, openingCommands, planCommands } from './plan-commands.ts';
import { type Address, type Answer, sendCommand } from './send-command.ts';

/** A command, and what it came to each time that it was sent until it was answered. */
export type Sent = { readonly command: Command; readonly answers: readonly Answer[] };

export type WriterOptions = {
  readonly servers: readonly Address[];
  readonly seed: number;
  /** Ends the sending of new commands. */
  readonly signal: AbortSignal;
  /** Ends the waiting for answers too. */
  readonly deadline: AbortSignal;
  readonly onSent: (sent: Sent) => void;
};

/** Sends the commands that everything else is about. */
export async function openPlay({ servers, seed, deadline, onSent }: WriterOptions): Promise<void> {
  const options = { servers, random: createRandom(seed), signal: deadline };
  for (const command of openingCommands())
    onSent({ command, answers: [await sendCommand(command, options)] });
}

/** Sends one command after the other, each until it is answered, some once more after that. */
export async function write(writer: number, options: WriterOptions): Promise<void> {
  const { servers, seed, signal, deadline, onSent } = options;
  // Where a command goes must not change which command comes next.
  const sending = { servers, random: createRandom(seed * 1_000 + writer + 500), signal: deadline };
  for (const command of planCommands(seed, writer)) {
    await sleep(command.pause, signal);
    if (signal.aborted) return;
    const answers = [await sendCommand(command, sending)];
    if (command.isRepeated && answers[0]?.receipt !== undefined)
      answers.push(await sendCommand(command, sending));
    onSent({ command, answers });
  }
}
