import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

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
  readonly #child: ChildProcess;
  #output = '';

  constructor(args: readonly string[], { cwd, env }: ProgramOptions) {
    this.#child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env }, stdio: 'pipe' });
    const kill = () => this.#child.kill('SIGKILL');
    // A test that timed out never comes to dispose of it.
    process.once('exit', kill);
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      process.off('exit', kill);
      return { code, signal };
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
  }

  /** All that it wrote, to either stream. */
  get output(): string {
    return this.#output;
  }

  /** Waits for a line of its output; rejects when the program ends without it. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    const isOver = this.ended.then(() => true);
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match !== null) return match;
      const wrote = Promise.race(
        [this.#child.stdout, this.#child.stderr].map((stream) => stream && once(stream, 'data')),
      );
      if ((await Promise.race([isOver, wrote])) === true)
        throw new Error(`The program ended without ${pattern}:\n${this.#output}`);
    }
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<Ending> {
    this.#child.kill(signal);
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }
}
