import { type Client, type ClientOptions, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { BackendDefinition } from '../../src/graphql/backend-definition.ts';
import { type Served, type ServeOptions, serve } from '../../src/main/serve.ts';
import { masterKeys } from '../cli/run-livefold.ts';
import { type EventStream, openEventStream } from '../graphql/event-source.ts';
import { type GraphQLReply, onlyError, post } from '../graphql/requests.ts';
import { createTestDatabase } from './database.ts';
import { Issuer } from './issuer.ts';

/** One caller of a server, with its token; nobody without one. */
export interface ServerCaller {
  reply(query: string, variables?: object): Promise<GraphQLReply>;
  /** The data of an operation that has to work. */
  // biome-ignore lint/suspicious/noExplicitAny: each operation's data has its own shape, which the test knows.
  data(query: string, variables?: object): Promise<any>;
  /** The domain's reason, or the code, of the one error of an operation that must not work. */
  refusal(query: string, variables?: object): Promise<unknown>;
}

/** A backend that knows its callers, served in this process. */
export class GuardedServer implements AsyncDisposable {
  readonly issuer: Issuer;
  readonly databaseUrl: string;
  readonly #served: Served;
  readonly #cleanUp: AsyncDisposableStack;

  private constructor(issuer: Issuer, databaseUrl: string, served: Served, cleanUp: AsyncDisposableStack) {
    this.issuer = issuer;
    this.databaseUrl = databaseUrl;
    this.#served = served;
    this.#cleanUp = cleanUp;
  }

  /** On a database of its own, a given one, or beside another server on its database and with its issuer. */
  static async serve(
    definition: BackendDefinition,
    { beside, ...options }: ServeOptions & { readonly beside?: GuardedServer | undefined } = {},
  ): Promise<GuardedServer> {
    await using starting = new AsyncDisposableStack();
    const issuer = beside?.issuer ?? starting.use(await Issuer.start());
    const databaseUrl =
      options.databaseUrl ??
      beside?.databaseUrl ??
      starting.use(await createTestDatabase(definition.migrations)).url;
    const { clock, jwt } = issuer;
    const given = { clock, masterKeys, port: 0, jwt, ...options, databaseUrl };
    const served = starting.use(await serve(definition, given));
    return new GuardedServer(issuer, databaseUrl, served, starting.move());
  }

  get backend(): Served['backend'] {
    return this.#served.backend;
  }

  get graphql(): string {
    return `${this.#served.url}/graphql`;
  }

  as(token?: string): ServerCaller {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const reply = (query: string, variables: object = {}): Promise<GraphQLReply> =>
      post(this.graphql, { query, variables }, headers);
    return {
      reply,
      async data(query, variables) {
        const { body } = await reply(query, variables);
        if (body.errors !== undefined) throw new Error(JSON.stringify(body.errors));
        return body.data;
      },
      async refusal(query, variables) {
        const { extensions } = onlyError(await reply(query, variables));
        return extensions.reason ?? extensions.code;
      },
    };
  }

  /** A WebSocket client whose connection parameters have the token. */
  client(token?: string | (() => Promise<string>), options: Partial<ClientOptions> = {}): Client {
    const client = createClient({
      url: this.graphql.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: async () => {
        const given = typeof token === 'function' ? await token() : token;
        return given === undefined ? {} : { authorization: `Bearer ${given}` };
      },
      ...options,
    });
    this.#cleanUp.defer(() => client.dispose());
    return client;
  }

  events(token: string, query: string, headers: Record<string, string> = {}): Promise<EventStream> {
    return openEventStream(this.graphql, { query }, { authorization: `Bearer ${token}`, ...headers });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanUp.disposeAsync();
  }
}
