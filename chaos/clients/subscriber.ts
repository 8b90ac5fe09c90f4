import { WebSocket } from 'ws';
import { onAbort, sleep } from '../../src/kernel/async.ts';
import { openEventStream } from '../../test/graphql/event-source.ts';
import type { Address } from './send-command.ts';

/** One frame of whichever subscription. */
export type Frame = Readonly<Record<string, unknown>> & { readonly position: string };

export type Transport = 'WebSocket' | 'SSE';

export type SubscriberOptions = {
  readonly transport: Transport;
  /** The field to subscribe to, and its selection. */
  readonly field: string;
  readonly selection: string;
  readonly servers: readonly Address[];
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Takes a frame, and says where to resume behind it. */
  readonly take: (frame: Frame) => void;
  /** Where to resume; 0 is the start. */
  readonly position: () => number;
};

/**
 * Subscribes at one server after the other, each time behind the last frame: when a connection ends, when nothing comes for a
 * while (the server may be frozen), and now and then for no reason. The answer is how often.
 */
export async function subscribe(options: SubscriberOptions): Promise<number> {
  const { servers, random, signal, transport } = options;
  let connections = 0;
  while (!signal.aborted) {
    const server = servers[Math.floor(random() * servers.length)];
    if (server === undefined) break;
    connections += 1;
    const leaving = AbortSignal.any([signal, AbortSignal.timeout(Math.round(2_000 + random() * 6_000))]);
    await (transport === 'WebSocket' ? overWebSocket : overEventStream)(server, options, leaving);
    await sleep(20 + random() * 200, signal);
  }
  return connections;
}

/** The protocol by hand: a client that is made for reconnecting does not like to be cut off while it connects. */
async function overWebSocket(
  { socket: url }: Address,
  { field, selection, take, position }: SubscriberOptions,
  leaving: AbortSignal,
): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const socket = new WebSocket(url, 'graphql-transport-ws');
  const send = (message: object): void => socket.send(JSON.stringify(message));
  socket.on('error', () => resolve());
  socket.on('close', () => resolve());
  socket.on('open', () => send({ type: 'connection_init' }));
  socket.on('message', (text) => {
    const { type, payload }: Message = JSON.parse(text.toString());
    const frame = payload?.data?.[field];
    if (type === 'connection_ack')
      send({ id: '1', type: 'subscribe', payload: operationOf(field, selection, position()) });
    else if (type === 'ping') send({ type: 'pong' });
    else if (frame !== undefined && !leaving.aborted) take(frame);
    else if (type !== 'pong') resolve();
  });
  const release = onAbort(leaving, resolve);
  await over;
  release();
  // Closing politely would wait for a server that may be frozen.
  socket.terminate();
}

type Message = {
  readonly type: string;
  readonly payload?: { readonly data?: Readonly<Record<string, Frame>> };
};

async function overEventStream(
  { graphql }: Address,
  { field, selection, take, position }: SubscriberOptions,
  leaving: AbortSignal,
): Promise<void> {
  try {
    // The body's `after` is what a browser repeats; `Last-Event-ID` is what counts.
    const last = position();
    const headers = last > 0 ? { 'last-event-id': String(last) } : {};
    const opening = openEventStream(graphql, operationOf(field, selection, 0), headers);
    const stream = await Promise.race([opening, aborted(leaving)]);
    if (stream === undefined) {
      void opening.then(({ leave }) => leave()).catch(() => {});
      return;
    }
    onAbort(leaving, () => stream.leave());
    for (let event = await stream.next(); event !== undefined; event = await stream.next()) {
      const frame = event.event === 'next' ? JSON.parse(event.data).data?.[field] : undefined;
      if (frame !== undefined && frame !== null && !leaving.aborted) take(frame);
    }
  } catch {
    // Refused, hung up, left: the next one goes on.
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => onAbort(signal, () => resolve(undefined)));
}

function operationOf(field: string, selection: string, after: number) {
  return {
    query: `subscription ($after: Position) { ${field}(after: $after) { ${selection} } }`,
    variables: { after: String(after) },
  };
}
