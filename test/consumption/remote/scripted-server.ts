import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** What was asked. */
export type Asked = {
  readonly headers: IncomingMessage['headers'];
  readonly query: string;
  readonly variables?: { readonly after: string; readonly first: number };
};

/** A server that answers as a test says; it takes subscriptions and says nothing there, unless a test says otherwise. */
export type ScriptedServer = AsyncDisposable & {
  readonly url: string;
  /** What came, subscriptions left out. */
  readonly asked: Asked[];
  answer: (response: ServerResponse, asked: Asked) => void;
  subscribe: (response: ServerResponse) => void;
};

export async function startScriptedServer(answer: ScriptedServer['answer']): Promise<ScriptedServer> {
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const scripted: ScriptedServer = {
    url: `http://127.0.0.1:${port}/graphql`,
    asked: [],
    answer,
    subscribe: (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n'),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = { ...((await json(request)) as Asked), headers: request.headers };
    if (request.headers.accept === 'text/event-stream') return scripted.subscribe(response);
    scripted.asked.push(asked);
    scripted.answer(response, asked);
  }

  return scripted;
}

/** Answers with JSON. */
export function reply(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** A page of a log with so many events, as a Livefold answers it. */
export function pageOf(events: number, { after, first }: { readonly after: string; readonly first: number }) {
  const count = Math.max(Math.min(first, events - Number(after)), 0);
  const nodes = Array.from({ length: count }, (_, index) => nodeAt(Number(after) + index + 1));
  return { data: { notificationLog: { pageInfo: { hasNextPage: Number(after) + count < events }, nodes } } };
}

export function nodeAt(position: number): Record<string, unknown> {
  return {
    ...{ position: String(position), id: `id ${position}`, stream: 'S', version: position },
    ...{ type: 'T', schemaVersion: 1, encoded: { n: position }, tags: [], correlationId: null },
    ...{ causationId: null, actor: null, tenant: null, metadata: null },
    ...{ occurredAt: '2024-02-29T12:34:56.789Z', recordedAt: '2024-02-29T12:34:56.789Z' },
  };
}
