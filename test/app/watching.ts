import type { Client } from 'graphql-ws';

/** Orders that a caller watches. */
export const liveOrders =
  'subscription ($after: Position) { orders(after: $after) { kind position upserted { id } removed live } }';

export type Orders = {
  readonly kind: string;
  readonly position: string;
  readonly upserted: readonly { readonly id: string }[];
  readonly removed: readonly string[];
};

/** Reads a subscription; an error ends it. */
export function read(
  client: Client,
  query: string,
  variables: Record<string, unknown> = {},
  // biome-ignore lint/suspicious/noExplicitAny: a result's shape is the query's.
): () => Promise<any> {
  const results = client.iterate({ query, variables });
  return async () => {
    const { value, done } = await results.next();
    if (done === true) return undefined;
    if (value.errors !== undefined) throw new Error(JSON.stringify(value.errors));
    return value.data;
  };
}
export const readOrders = (client: Client, variables?: Record<string, unknown>) => {
  const next = read(client, liveOrders, variables);
  return async (): Promise<Orders> => (await next()).orders;
};
export const idsOf = ({ upserted }: Orders) => upserted.map(({ id }) => id);

/** How a client's socket ends, without another one. */
export function closing(client: Client): Promise<{ readonly code: number; readonly reason: string }> {
  // What `ws` hands on is a close event.
  return new Promise((resolve) =>
    client.on('closed', (event) => resolve(event as { code: number; reason: string })),
  );
}

export const ask = async (client: Client, query: string, variables: Record<string, unknown>) => {
  const { value } = await client.iterate({ query, variables }).next();
  return value;
};
