import type { IncomingMessage } from 'node:http';
import type { Exchange, GraphQLEndpoint } from './graphql-endpoint.ts';

/** Yoga's answer to a request. Its body has been read, where it has one. */
export async function askYoga(
  endpoint: GraphQLEndpoint,
  { method = 'GET', url, headers }: IncomingMessage,
  body: string | null,
  exchange: Exchange,
): Promise<Response> {
  const given = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  const request = new endpoint.fetchAPI.Request(`http://${headers.host ?? 'localhost'}${url}`, {
    method,
    headers: Object.fromEntries(given),
    body,
  });
  return endpoint.handleRequest(request, { exchange });
}
