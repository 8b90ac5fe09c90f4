import type { IncomingMessage } from 'node:http';
import type { WebSocket as ProtocolSocket } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { Bell, sleep } from '../kernel/async.ts';
import { isLivefoldError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { Session } from './auth/session.ts';
import { callerAddress } from './caller-address.ts';
import { mostUnsent } from './outlet.ts';

/**
 * Milliseconds after which a client is gone that shows no life: a network that is dead closes no sockets. One that only stops
 * reading for a while looks the same, and answers no ping either.
 */
const longestSilence = 120_000;
/** Unsent bytes above which nothing more is read from a client that does not take its answers. */
const highWaterMark = 1_048_576;

const goingAway = 1001;
/** What a client can see, whereas browsers keep the socket's own pings to themselves. */
const visiblePing = '{"type":"ping"}';
const asText = { binary: false } as const;
const tryAgainLater = 1013;
const unauthorized = 4401;
const forbidden = 4403;
const internalError = 4500;

export type WebSocketConnectionOptions = {
  readonly logger: Logger;
  /** How many proxies there are before the server. */
  readonly proxies: number;
};

/** One client's WebSocket, as graphql-ws uses it. */
export class WebSocketConnection implements ProtocolSocket {
  readonly protocol: string;
  readonly authorization: string | null;
  /** Where the client is, as far as a rate limit tells callers apart. */
  readonly address: string;
  /** Who has connected. */
  session: Session | null = null;
  /** What graphql-ws has open: `null` for what executes or starts, a stream for a subscription. */
  openOperations: () => readonly unknown[] = () => [];
  readonly #socket: WebSocket;
  readonly #logger: Logger;
  readonly #gone = new AbortController();
  readonly #freed = new Bell();
  #isFree = true;
  #lastLife = performance.now();
  /** When it had an operation for the last time. */
  #lastUse = performance.now();

  constructor(socket: WebSocket, request: IncomingMessage, { logger, proxies }: WebSocketConnectionOptions) {
    this.#socket = socket;
    this.#logger = logger;
    this.protocol = socket.protocol;
    this.authorization = request.headers.authorization ?? null;
    this.address = callerAddress(request, proxies);
    socket.on('error', (err) => logger.debug({ err }, 'A WebSocket failed.'));
    socket.on('pong', () => this.#showLife());
    socket.once('close', () => this.#gone.abort());
  }

  /** Aborts when the socket is closed. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Resolves when the system has taken the message: whoever awaits it before making the next never fills the memory. */
  send(message: string): Promise<void> {
    const socket = this.#socket;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (socket.readyState === socket.OPEN) socket.send(message, (error) => resolve(this.#sent(error)));
    else resolve(this.#gone.abort());
    if (socket.bufferedAmount > highWaterMark) socket.pause();
    return promise;
  }

  /** Whether the client takes what it is sent. */
  get isFree(): boolean {
    return this.#isFree;
  }

  whenFree(): Promise<void> {
    if (this.#isFree) return Promise.resolve();
    return this.#freed.wait(this.#freed.rings, { signal: this.gone });
  }

  /** Sends a message without waiting; a client that does not take it is not free until it has. */
  push(message: Buffer): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount <= mostUnsent) {
      socket.send(message, asText);
      return;
    }
    this.#isFree = false;
    // Called when this message, and with it all before, has been taken.
    socket.send(message, asText, () => {
      this.#isFree = true;
      this.#showLife();
      this.#freed.ring();
    });
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  /**
   * Closes the socket on a caller who is not believed. Clients of graphql-ws come back by themselves after `forbidden`, with what
   * their connection parameters say then, and not after `unauthorized`: no new token is going to help.
   */
  refuse(error: unknown): void {
    if (!isLivefoldError(error, 'UNAUTHENTICATED')) this.close(tryAgainLater, 'Try again later');
    else this.close(error.fields.isOver === true ? forbidden : unauthorized, error.message.slice(0, 100));
  }

  onMessage(receive: (message: string) => Promise<void>): void {
    this.#socket.on('message', (message) => {
      this.#showLife();
      receive(String(message)).catch((err: unknown) => {
        this.#logger.error({ err }, 'A WebSocket message could not be handled.');
        this.#socket.close(internalError, 'Internal server error');
      });
    });
  }

  /** Looks after the client: pings it, closes the socket when it is gone, or has had no operation for long. */
  look(idleSeconds: number): void {
    const now = performance.now();
    if (this.openOperations().length > 0) this.#lastUse = now;
    if (now - this.#lastUse >= idleSeconds * 1_000) this.close(goingAway, 'Idle');
    const isGone = now - this.#lastLife > Math.min(longestSilence, idleSeconds * 2_000);
    if (isGone) this.#socket.terminate();
    if (isGone || !this.#isFree) return;
    this.#socket.ping();
    this.#socket.send(visiblePing);
  }

  /** Tells the client to come back later, once what executes has been answered or the grace is over. */
  async leave(graceOver: AbortSignal): Promise<void> {
    while (this.openOperations().includes(null) && !graceOver.aborted) await sleep(20, graceOver);
    this.#socket.close(goingAway, 'Going away');
    // Some clients never answer the closing handshake.
    await sleep(1_000, AbortSignal.any([this.gone, graceOver]));
    this.#socket.terminate();
  }

  #sent(error?: Error | null): void {
    // Its `close` event is still to come, and a source that never waits would not let it: the streams end now.
    if (error) this.#gone.abort();
    else this.#showLife();
    if (this.#socket.isPaused && this.#socket.bufferedAmount <= highWaterMark) this.#socket.resume();
  }

  #showLife(): void {
    this.#lastLife = performance.now();
  }
}
