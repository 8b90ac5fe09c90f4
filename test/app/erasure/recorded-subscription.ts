import { once } from 'node:events';
import { WebSocket } from 'ws';
import { openEventStream } from '../../graphql/event-source.ts';
import type { ServedProgram } from '../../support/served-program.ts';

export type Transport = 'WebSocket' | 'SSE';

type Operation = { readonly query: string; readonly variables?: object };

/** A subscriber that keeps every frame as it came over the wire. */
export class RecordedSubscription implements AsyncDisposable {
  readonly frames: string[] = [];
  readonly #close: () => void;

  private constructor(open: (take: (frame: string) => void) => () => void) {
    this.#close = open((frame) => this.frames.push(frame));
  }

  static async open(
    shop: ServedProgram,
    transport: Transport,
    operation: Operation,
    headers: Record<string, string> = {},
  ): Promise<RecordedSubscription> {
    return transport === 'SSE'
      ? RecordedSubscription.#openEventStream(shop, operation, headers)
      : RecordedSubscription.#openSocket(shop, operation);
  }

  static async #openEventStream(
    { graphql }: ServedProgram,
    operation: Operation,
    headers: Record<string, string>,
  ): Promise<RecordedSubscription> {
    const stream = await openEventStream(graphql, operation, headers);
    return new RecordedSubscription((take) => {
      void (async () => {
        for (let event = await stream.next(); event !== undefined; event = await stream.next())
          if (event.event === 'next') take(event.data);
      })().catch(() => {});
      return stream.leave;
    });
  }

  static async #openSocket(
    { socket: url }: ServedProgram,
    operation: Operation,
  ): Promise<RecordedSubscription> {
    const socket = new WebSocket(url, 'graphql-transport-ws');
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init' }));
    return new RecordedSubscription((take) => {
      socket.on('message', (message) => {
        const frame = message.toString();
        const { type } = JSON.parse(frame);
        if (type === 'connection_ack')
          socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: operation }));
        else take(frame);
      });
      return () => socket.terminate();
    });
  }

  /** What the frames say, whichever transport brought them. */
  // biome-ignore lint/suspicious/noExplicitAny: each subscription's data has its own shape, which the test knows.
  get data(): readonly any[] {
    return this.frames.map((frame) => {
      const { data, payload } = JSON.parse(frame);
      return data ?? payload?.data ?? payload;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }
}
