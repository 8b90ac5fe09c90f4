import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Bell } from '../../src/kernel/async.ts';

const guard = join(import.meta.dirname, 'guarded-process.ts');

export type ProgramOptions = {
  readonly cwd?: string;
  /** Environment variables besides this process's own. */
  readonly env: Readonly<Record<string, string>>;
};

/** How a program ended: its exit code, or the signal that killed it. */
export type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** A program in a process of its own, under the same Node as the tests. Disposing kills it. */
export class Program implements AsyncDisposable {
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #bell = new Bell();
  #output = '';
  #stdout = '';
  #isOver = false;

  constructor(args: readonly string[], { cwd, env }: ProgramOptions) {
    const options = { cwd, env: { ...process.env, ...env } };
    this.#child = spawn(process.execPath, ['--import', guard, ...args], options);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => this.#wrote(text));
    }
    this.#child.stdout.on('data', (text: string) => {
      this.#stdout += text;
    });
    this.ended = this.#end();
  }

  /** All that it wrote, to either stream. */
  get output(): string {
    return this.#output;
  }

  /** What it wrote to standard output. */
  get stdout(): string {
    return this.#stdout;
  }

  /** Waits for a line of its output; rejects when the program ends without it. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const seen = this.#bell.rings;
      const match = pattern.exec(this.#output);
      if (match !== null) return match;
      if (this.#isOver) throw new Error(`The program ended without ${pattern}:\n${this.#output}`);
      await this.#bell.wait(seen);
    }
  }

  /** Sends a signal. */
  send(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<Ending> {
    this.send(signal);
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }

  #wrote(text: string): void {
    this.#output += text;
    this.#bell.ring();
  }

  async #end(): Promise<Ending> {
    const [code, signal] = await once(this.#child, 'close');
    this.#isOver = true;
    this.#bell.ring();
    return { code, signal };
  }
}
