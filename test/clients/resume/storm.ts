import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sendCommand } from '../../../chaos/clients/send-command.ts';
import { createRandom } from '../../../src/kernel/random.ts';
import { masterKeys } from '../../cli/run-livefold.ts';
import { type Line, openLine, type Weather } from '../../support/line.ts';
import { ServedProgram } from '../../support/served-program.ts';
import { cli } from '../shop.ts';

const backend = join(import.meta.dirname, 'live-shop.ts');

/** A server behind a line: what comes back after a crash is on the same port. */
type Post = { program: ServedProgram; readonly line: Line };

/** Two servers of one shop on one database, on lines that the seed makes bad. */
export class Storm implements AsyncDisposable {
  readonly random: () => number;
  readonly #databaseUrl: string;
  readonly #posts: readonly Post[];
  #sent = 0;

  private constructor(databaseUrl: string, posts: readonly Post[], random: () => number) {
    this.#databaseUrl = databaseUrl;
    this.#posts = posts;
    this.random = random;
  }

  static async begin(databaseUrl: string, seed: number): Promise<Storm> {
    const programs = await Promise.all([startServer(databaseUrl, '0'), startServer(databaseUrl, '0')]);
    const posts = await Promise.all(
      programs.map(async (program) => ({ program, line: await openLine(program.url) })),
    );
    return new Storm(databaseUrl, posts, createRandom(seed));
  }

  /** How many connections broke in the middle of what a server said. */
  get broken(): number {
    return this.#posts.reduce((sum, { line }) => sum + line.broken, 0);
  }

  /** Begins to give the address of one server after the other, through their lines. */
  takeTurns(): () => string {
    let turn = Math.floor(this.random() * this.#posts.length);
    return () => {
      turn += 1;
      return `${this.#post(turn).line.url}graphql`;
    };
  }

  /** One of the servers, without a line. */
  get server(): ServedProgram {
    return this.#post(0).program;
  }

  blow(): void {
    for (const { line } of this.#posts) line.weather = weatherOf(this.random);
  }

  calm(): void {
    for (const { line } of this.#posts) line.weather = undefined;
  }

  /** Kills a server and starts it again, on the same port. */
  async kill(number: number): Promise<void> {
    const post = this.#post(number);
    const { port } = post.program;
    await post.program.end('SIGKILL');
    // For a while there is nobody.
    await delay(500);
    post.program = await startServer(this.#databaseUrl, port);
  }

  /** Sends a command until one of the servers has answered it. */
  async send(field: string, input: Readonly<Record<string, unknown>>): Promise<void> {
    this.#sent += 1;
    const command = { id: `storm-${this.#sent}`, field, input, pause: 0, isRepeated: false };
    const servers = this.#posts.map(({ program: { graphql, socket } }) => ({ graphql, socket }));
    const { random } = this;
    await sendCommand(command, { servers, random, signal: new AbortController().signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { line, program } of this.#posts) {
      await line[Symbol.asyncDispose]();
      await program[Symbol.asyncDispose]();
    }
  }

  #post(number: number): Post {
    const post = this.#posts[number % this.#posts.length];
    if (post === undefined) throw new Error('There is no server.');
    return post;
  }
}

function startServer(databaseUrl: string, port: string): Promise<ServedProgram> {
  const env = { DATABASE_URL: databaseUrl, PORT: port, LIVEFOLD_KEYS: masterKeys };
  return ServedProgram.start([cli, '--backend', backend, 'start'], { env });
}

function weatherOf(random: () => number): Weather {
  return {
    pieceSize: () => 1 + Math.floor(random() ** 3 * 4_000),
    delay: () => Math.floor(random() * 4),
    // Most break early, some last.
    life: () => Math.floor(500 + random() ** 3 * 60_000),
  };
}
