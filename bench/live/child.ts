import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process of the benchmark's own that answers questions, one at a time. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  // biome-ignore lint/suspicious/noExplicitAny: what comes back is for whoever knows the question.
  ask(question: string, facts?: object): Promise<any>;
}

type Message = { readonly question: string; readonly facts: object };

/** Starts a file of this folder as a process of its own. */
export async function startChild(file: string, env: NodeJS.ProcessEnv = {}): Promise<Child> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = fork(path, { env: { ...process.env, ...env }, execArgv: ['--expose-gc'] });
  const ended = once(child, 'exit').then(() => ({ error: 'the process ended', value: undefined }));
  const answer = async (): Promise<{ error?: string; value?: unknown }> => {
    const [message] = await Promise.race([once(child, 'message'), ended.then((over) => [over])]);
    return message;
  };
  await answer();
  return {
    pid: child.pid ?? 0,
    async ask(question, facts = {}) {
      child.send({ question, facts } satisfies Message);
      const { error, value } = await answer();
      if (error !== undefined) throw new Error(`${file}: ${error}`);
      return value;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

/** In a child: answers its parent until that is gone. */
export function answerParent(
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  answers: Readonly<Record<string, (facts: any) => unknown>>,
): void {
  const answer = async ({ question, facts }: Message): Promise<void> => {
    try {
      process.send?.({ value: await answers[question]?.(facts) });
    } catch (error) {
      process.send?.({ error: String(error) });
    }
  };
  process.on('message', (message: Message) => void answer(message));
  process.on('disconnect', () => process.exit());
  process.send?.({});
}

/** In a child: the memory that it holds, in bytes, once what can be freed is freed. */
export function heldMemory(): number {
  for (let round = 0; round < 3; round += 1) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
