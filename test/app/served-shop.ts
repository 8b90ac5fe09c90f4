import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { shop } from '../../src/app/shop.ts';
import type { BackendDefinition } from '../../src/graphql/backend-definition.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { type Served, serve } from '../../src/main/serve.ts';
import { masterKeys } from '../cli/run-livefold.ts';
import { type GraphQLReply, post } from '../graphql/requests.ts';
import { createTestDatabase } from '../support/database.ts';

export type ShopOptions = {
  readonly databaseUrl?: string;
  readonly clock?: Clock;
  /** The shop with something more to it. */
  readonly definition?: BackendDefinition;
};

/** The shop, served in this process, and what clients do with it. */
export interface ServedShop extends AsyncDisposable {
  readonly databaseUrl: string;
  readonly graphql: string;
  readonly backend: Served['backend'];
  reply(query: string, variables?: object): Promise<GraphQLReply>;
  /** The data of an operation that has to work. */
  // biome-ignore lint/suspicious/noExplicitAny: each operation's data has its own shape, which the test knows.
  data(query: string, variables?: object): Promise<any>;
  /** The code of the one error of an operation that must not work, or the domain's reason. */
  refusal(query: string, variables?: object): Promise<unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: as for `data`.
  watch(query: string, variables?: Record<string, unknown>): AsyncIterator<any>;
}

/** Serves the shop on a database of its own, or on a given one. */
export async function serveShop({
  databaseUrl,
  clock,
  definition = shop,
}: ShopOptions = {}): Promise<ServedShop> {
  const created = databaseUrl === undefined ? await createTestDatabase(shop.migrations) : undefined;
  const url = databaseUrl ?? created?.url ?? '';
  const served = await serve(definition, {
    databaseUrl: url,
    masterKeys,
    port: 0,
    ...(clock === undefined ? {} : { clock }),
  });
  const graphql = `${served.url}/graphql`;
  const client = createClient({ url: graphql.replace('http', 'ws'), webSocketImpl: WebSocket });
  const reply = (query: string, variables: object = {}): Promise<GraphQLReply> =>
    post(graphql, { query, variables });
  return {
    databaseUrl: url,
    graphql,
    backend: served.backend,
    reply,
    async data(query, variables) {
      const { body } = await reply(query, variables);
      if (body.errors !== undefined) throw new Error(JSON.stringify(body.errors));
      return body.data;
    },
    async refusal(query, variables) {
      const { body } = await reply(query, variables);
      const [error, ...others] = body.errors ?? [];
      if (error === undefined || others.length > 0) throw new Error(`Not one error: ${JSON.stringify(body)}`);
      return error.extensions.reason ?? error.extensions.code;
    },
    async *watch(query, variables = {}) {
      for await (const { data, errors } of client.iterate({ query, variables })) {
        if (errors !== undefined) throw new Error(JSON.stringify(errors));
        yield data;
      }
    },
    async [Symbol.asyncDispose]() {
      await client.dispose();
      await served.stop();
      await created?.drop();
    },
  };
}
