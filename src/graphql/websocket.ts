import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { handleProtocols, makeServer } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { isLivefoldError } from '../kernel/errors.ts';
import { callerAddress } from './caller-address.ts';
import { graphqlPath } from './graphql-endpoint.ts';
import { isFromAllowedOrigin } from './origin.ts';
import type { Places } from './places.ts';
import type { Pulse } from './pulse.ts';
import { WebSocketConnection, type WebSocketConnectionOptions } from './websocket-connection.ts';
import { createWebSocketOperations, type WebSocketOperationsOptions } from './websocket-operations.ts';

export type WebSocketsOptions = WebSocketOperationsOptions & {
  readonly origins: readonly string[];
  /** How many proxies there are before the server. */
  readonly proxies: number;
  readonly pulse: Pulse;
  readonly places: Places;
};

/** Clients come back later. */
const tryAgainLater = 1013;

/** The WebSockets of a server: the `graphql-transport-ws` protocol, on the same path as HTTP. */
export class WebSockets {
  readonly #options: WebSocketsOptions;
  readonly #sockets: WebSocketServer;
  readonly #protocol: ReturnType<typeof makeServer<Record<string, unknown> | undefined, WebSocketConnection>>;
  readonly #connections = new Set<WebSocketConnection>();

  constructor(options: WebSocketsOptions) {
    this.#options = options;
    this.#protocol = makeServer(createWebSocketOperations(options));
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: options.limits.bodyBytes,
      // Left to itself it answers pings as fast as they come, whether or not its client takes that.
      autoPong: false,
      handleProtocols,
    });
  }

  /** Takes an HTTP server's `upgrade`. */
  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const refusal = this.#refusalOf(request);
    if (refusal === undefined) this.#arrive(request, socket, head);
    else refuse(socket, refusal);
  };

  /** Lets running operations end and sends the clients away; they come back to the next server by themselves. */
  async stop(graceOver: AbortSignal): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.leave(graceOver)));
  }

  #refusalOf(request: IncomingMessage): string | undefined {
    if (this.#options.stopping.aborted) return '503 Service Unavailable';
    if (request.url?.split('?', 1)[0] !== graphqlPath) return '404 Not Found';
    return isFromAllowedOrigin(request, this.#options.origins) ? undefined : '403 Forbidden';
  }

  #arrive(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const address = callerAddress(request, this.#options.proxies);
    try {
      const from = { address, admit: this.#options.arrive({ address }) };
      this.#sockets.handleUpgrade(request, socket, head, (opened) => this.#open(opened, request, from));
    } catch (error) {
      if (!isLivefoldError(error, 'RATE_LIMITED')) throw error;
      refuse(socket, `429 Too Many Requests\r\nRetry-After: ${error.fields.retryAfter}`);
    }
  }

  #open(
    socket: WebSocket,
    request: IncomingMessage,
    from: Pick<WebSocketConnectionOptions, 'address' | 'admit'>,
  ): void {
    const { runtime, places, pulse, limits } = this.#options;
    const leave = places.take();
    if (leave === null) {
      socket.on('error', () => {}).close(tryAgainLater, 'Too many connections');
      return;
    }
    const { logger } = runtime;
    const connection = new WebSocketConnection(socket, request, { logger, ...from });
    this.#connections.add(connection);
    const stopLooking = pulse.add(() => connection.look(limits.idleSeconds));
    const closed = this.#protocol.opened(connection, connection);
    socket.once('close', (code, reason) => {
      this.#connections.delete(connection);
      leave();
      stopLooking();
      closed(code, String(reason)).catch((err: unknown) =>
        logger.error({ err }, 'A WebSocket could not be closed.'),
      );
    });
  }
}

/** Answers an upgrade with a status, and lines of headers behind it. The HTTP server has let go of the socket: nobody else would close it. */
function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => {}).once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
