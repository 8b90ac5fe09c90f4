import { type GraphQLReply, post } from '../graphql/requests.ts';
import { Program, type ProgramOptions } from './program.ts';

/** A backend that runs as a program, and where it says it is. */
export class ServedProgram extends Program {
  #url = '';

  /** Starts it and waits until it says where it is. */
  static async start(args: readonly string[], options: ProgramOptions): Promise<ServedProgram> {
    const program = new ServedProgram(args, options);
    const [, url = ''] = await program.line(/HTTP and SSE +(http\S+)\/graphql/);
    program.#url = url;
    return program;
  }

  get url(): string {
    return this.#url;
  }

  get graphql(): string {
    return `${this.#url}/graphql`;
  }

  get socket(): string {
    return this.graphql.replace('http', 'ws');
  }

  get port(): string {
    return new URL(this.#url).port;
  }

  post(query: string, variables?: object, headers?: Record<string, string>): Promise<GraphQLReply> {
    return post(this.graphql, { query, variables }, headers);
  }

  /** The data of an operation that has to work. */
  // biome-ignore lint/suspicious/noExplicitAny: each operation's data has its own shape, which the test knows.
  async data(query: string, variables?: object): Promise<any> {
    const { body } = await this.post(query, variables);
    if (body.errors !== undefined) throw new Error(JSON.stringify(body.errors));
    return body.data;
  }
}
