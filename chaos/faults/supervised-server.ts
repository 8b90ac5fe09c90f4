import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { sleep } from '../../src/kernel/async.ts';
import { Program } from '../../test/support/program.ts';

const cli = join(import.meta.dirname, '../../src/cli/livefold.ts');
const backend = join(import.meta.dirname, '../backend/backend.ts');
/** Milliseconds until a server is started again that did not come up, since PostgreSQL was away, say. */
const pause = 300;

/** A server process that is started again, on the same port, whenever it has ended. */
export class SupervisedServer {
  readonly port: number;
  readonly #env: Readonly<Record<string, string>>;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #program: Program | undefined;
  #isUp = false;
  #isFrozen = false;
  #downFor: number | undefined;
  #output = '';
  /** How often it was started, and what ended it that nobody asked to. */
  starts = 0;
  readonly failures: string[] = [];

  private constructor(port: number, env: Readonly<Record<string, string>>) {
    this.port = port;
    this.#env = { ...env, PORT: String(port) };
    this.#running = this.#supervise();
  }

  static async start(env: Readonly<Record<string, string>>): Promise<SupervisedServer> {
    return new SupervisedServer(await findFreePort(), env);
  }

  get graphql(): string {
    return `http://127.0.0.1:${this.port}/graphql`;
  }

  get socket(): string {
    return this.graphql.replace('http', 'ws');
  }

  get isUp(): boolean {
    return this.#isUp && !this.#isFrozen;
  }

  /** Kills it, whatever it is doing; false when it is down anyway. */
  kill(downFor: number): boolean {
    if (this.#program === undefined || this.#downFor !== undefined) return false;
    this.#downFor = downFor;
    this.#program.send('SIGKILL');
    return true;
  }

  /** Stops its clock for a while. */
  async freeze(milliseconds: number, signal: AbortSignal): Promise<void> {
    const program = this.#program;
    program?.send('SIGSTOP');
    this.#isFrozen = true;
    await sleep(milliseconds, signal);
    this.#isFrozen = false;
    program?.send('SIGCONT');
  }

  /** Asks it to end; it should say goodbye in order. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#program?.send('SIGTERM');
    await this.#running;
  }

  /** How many of the lines that it wrote, in all its lives, have a text in them. */
  countLines(text: string): number {
    return this.#output.split('\n').filter((line) => line.includes(text)).length;
  }

  /** Keeps what it wrote. */
  async writeOutput(folder: string, name: string): Promise<void> {
    await writeFile(join(folder, `${name}.log`), this.#output + (this.#program?.output ?? ''));
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const program = new Program([cli, '--backend', backend, 'start'], { env: this.#env });
      this.#program = program;
      this.starts += 1;
      this.#isUp = await program.line(/HTTP and SSE/).then(
        () => true,
        () => false,
      );
      const { code, signal: killer } = await program.ended;
      this.#output += program.output;
      const wasAsked = this.#downFor !== undefined || signal.aborted;
      if ((this.#isUp && !wasAsked) || (signal.aborted && killer === null && code !== 0))
        this.failures.push(`ended with ${killer ?? code}: ${program.output.trim().split('\n').at(-1)}`);
      this.#isUp = false;
      this.#program = undefined;
      const downFor = this.#downFor ?? pause;
      this.#downFor = undefined;
      await sleep(downFor, signal);
    }
  }
}

async function findFreePort(): Promise<number> {
  await using server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new TypeError('A server that listens has a port.');
  return address.port;
}
