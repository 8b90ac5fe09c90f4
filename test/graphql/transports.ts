import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ReplyError } from './requests.ts';

export type Answer = {
  readonly data?: Record<string, unknown> | null | undefined;
  readonly errors?: readonly ReplyError[];
};

export type Asked = {
  readonly query: string;
  readonly variables?: object;
  readonly operationName?: string;
  readonly extensions?: object;
  readonly documentId?: string;
};

/** One way to reach a server: asks it for one operation, and gives the first thing that it says. */
export type Transport = (
  server: { readonly graphql: string },
  operation: Asked,
  authorization?: string,
) => Promise<Answer>;

/** All ways to reach a server. What refuses an operation on one has to refuse it on every other. */
export const transports: readonly (readonly [string, Transport])[] = [
  ['HTTP POST', byPost],
  ['HTTP GET', byGet],
  ['a WebSocket', byWebSocket],
  ['server-sent events', byEventStream],
  ['a shared event stream', bySharedStream],
];

/** The codes of an answer's errors. */
export function codesOf({ errors = [] }: Answer): readonly unknown[] {
  return errors.map(({ extensions }) => extensions?.code);
}

async function byPost({ graphql }: { readonly graphql: string }, operation: Asked, authorization?: string) {
  const headers = { 'content-type': 'application/json', accept: 'application/json', ...by(authorization) };
  return read(await fetch(graphql, { method: 'POST', headers, body: JSON.stringify(operation) }));
}

async function byGet({ graphql }: { readonly graphql: string }, operation: Asked, authorization?: string) {
  const url = new URL(graphql);
  for (const [name, value] of Object.entries(operation))
    url.searchParams.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  return read(await fetch(url, { headers: { accept: 'application/json', ...by(authorization) } }));
}

async function byEventStream(
  { graphql }: { readonly graphql: string },
  operation: Asked,
  authorization?: string,
) {
  const headers = {
    'content-type': 'application/json',
    accept: 'text/event-stream',
    ...by(authorization),
  };
  return read(await fetch(graphql, { method: 'POST', headers, body: JSON.stringify(operation) }));
}

async function bySharedStream(
  { graphql }: { readonly graphql: string },
  operation: Asked,
  authorization?: string,
) {
  const reserved = await fetch(graphql, { method: 'PUT', headers: by(authorization) });
  if (!reserved.ok) return read(reserved);
  const named = { 'x-graphql-event-stream-token': await reserved.text(), ...by(authorization) };
  const stream = await fetch(graphql, { headers: { accept: 'text/event-stream', ...named } });
  if (!stream.ok) return read(stream);
  const body = JSON.stringify({ ...operation, extensions: { ...operation.extensions, operationId: '1' } });
  const headers = { 'content-type': 'application/json', ...named };
  const taken = await fetch(graphql, { method: 'POST', headers, body });
  const answer = await read(taken.status === 202 ? stream : taken);
  await stream.body?.cancel().catch(() => {});
  return answer;
}

async function byWebSocket(
  { graphql }: { readonly graphql: string },
  operation: Asked,
  authorization?: string,
): Promise<Answer> {
  const socket = new WebSocket(graphql.replace('http', 'ws'), 'graphql-transport-ws', {
    headers: by(authorization),
  });
  const closed = once(socket, 'close').then(([code, reason]) => refusal(`closed ${code}`, String(reason)));
  const refused = once(socket, 'unexpected-response').then(([, response]) =>
    refusal(`HTTP ${response.statusCode}`, response.headers['retry-after'] ?? ''),
  );
  const answered = answerOver(socket, operation);
  try {
    return await Promise.race([closed, refused, answered]);
  } finally {
    for (const lost of [closed, refused, answered]) lost.catch(() => {});
    socket.on('error', () => {}).terminate();
  }
}

async function answerOver(socket: WebSocket, operation: Asked): Promise<Answer> {
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: operation }));
  for (;;) {
    const [message] = await once(socket, 'message');
    const { type, payload } = JSON.parse(String(message));
    if (type === 'next') return payload;
    if (type === 'error') return { errors: payload };
  }
}

/** A whole JSON answer, the first result of an event stream, or what the status says. */
async function read(response: Response): Promise<Answer> {
  const type = response.headers.get('content-type') ?? '';
  if (type.startsWith('text/event-stream')) return firstOf(response);
  const text = await response.text();
  return type.includes('json') ? JSON.parse(text) : refusal(`HTTP ${response.status}`, text);
}

async function firstOf(response: Response): Promise<Answer> {
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const data = /^event: next\n(?:id: .*\n)?data: (.*)\n\n/m.exec(text)?.[1];
    if (data === undefined) continue;
    const result = JSON.parse(data);
    return result.payload ?? result;
  }
  return refusal('ended', text);
}

function by(authorization: string | undefined): Record<string, string> {
  return authorization === undefined ? {} : { authorization };
}

function refusal(code: string, message: string): Answer {
  return { errors: [{ message, extensions: { code } }] };
}
