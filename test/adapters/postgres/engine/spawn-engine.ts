import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type SpawnedEngine = {
  readonly url: string;
  readonly adopted: boolean;
  /** Lets the process stop its engine and end. */
  stop(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
};

const script = fileURLToPath(new URL('engine-process.ts', import.meta.url));

/** Starts the engine in a process of its own. */
export async function spawnEngine(dataDirectory: string): Promise<SpawnedEngine> {
  const child = spawn(process.execPath, [script, dataDirectory], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  for await (const line of createInterface(child.stdout)) {
    const { url, adopted }: { url: string; adopted: boolean } = JSON.parse(line);
    return {
      url,
      adopted,
      async stop() {
        child.stdin.end();
        await expectSuccess(child, ended);
      },
      async kill() {
        child.kill('SIGKILL');
        await ended;
      },
    };
  }
  throw new Error('The engine process ended before its engine was up.');
}

async function expectSuccess(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  await ended;
  if (child.exitCode !== 0)
    throw new Error(`The engine process ended with ${child.exitCode ?? child.signalCode}.`);
}
