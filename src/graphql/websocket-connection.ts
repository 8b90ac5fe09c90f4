import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket as ProtocolSocket } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { Bell, onAbort, sleep } from '../kernel/async.ts';
import { isLivefoldError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import type { Admit } from './admission.ts';
import type { Session } from './auth/session.ts';
import { mostUnsent } from './outlet.ts';
import { apart } from './websocket-frame.ts';

/**
 * Milliseconds after which a client is gone that shows no life: a network that is dead closes no sockets. One that only stops
 * reading for a while looks the same, and answers no ping either.
 */
const longestSilence = 120_000;
/** Unsent bytes above which nothing more is read from a client that does not take its answers. */
const highWaterMark = 1_048_576;
/** Unsent bytes from which on a frame gets memory of its own: it may wait for long. */
const mostShared = 4_096;

const goingAway = 1001;
/** What a client can see, whereas browsers keep the socket's own pings to themselves. */
const visiblePing = '{"type":"ping"}';
const tryAgainLater = 1013;
const unauthorized = 4401;
const forbidden = 4403;
const internalError = 4500;

export type WebSocketConnectionOptions = {
  readonly logger: Logger;
  /** Where the client is. */
  readonly address: string;
  readonly admit: Admit;
};

/** One client's WebSocket, as graphql-ws uses it. */
export class WebSocketConnection implements ProtocolSocket {
  readonly protocol: string;
  readonly authorization: string | null;
  /** Where the client is, as far as a rate limit tells callers apart. */
  readonly address: string;
  /** Takes the points of its connecting from whoever it turns out to be. */
  readonly admit: Admit;
  /** Who has connected. */
  session: Session | null = null;
  /** What graphql-ws has open, by id: `null` for what executes or starts, a stream for a subscription. */
  operations: () => Readonly<Record<string, unknown>> = () => ({});
  readonly #socket: WebSocket;
  readonly #line: Socket;
  readonly #logger: Logger;
  readonly #gone = new AbortController();
  readonly #freed = new Bell();
  /** The operations that were begun, until their client says that they are complete, or something else after they are. */
  readonly #wanted = new Map<string, AbortController>();
  #isFree = true;
  #lastLife = performance.now();
  /** When it had an operation for the last time. */
  #lastUse = performance.now();

  constructor(
    socket: WebSocket,
    request: IncomingMessage,
    { logger, address, admit }: WebSocketConnectionOptions,
  ) {
    this.#socket = socket;
    this.#line = request.socket;
    this.#logger = logger;
    this.protocol = socket.protocol;
    this.authorization = request.headers.authorization ?? null;
    this.address = address;
    this.admit = admit;
    socket.on('error', (err) => logger.debug({ err }, 'A WebSocket failed.'));
    socket.on('ping', (data) => this.#pong(data)).on('pong', () => this.#showLife());
    socket.once('close', () => this.#gone.abort());
    onAbort(this.gone, () => {
      for (const leaving of this.#wanted.values()) leaving.abort();
    });
  }

  /** Aborts when the socket is closed. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** The signal of an operation that begins: it aborts when the socket is closed, or the client does not want the answer any more. */
  begin(id: string): AbortSignal {
    const leaving = new AbortController();
    this.#wanted.set(id, leaving);
    if (this.gone.aborted) leaving.abort();
    return leaving.signal;
  }

  /** Resolves when the system has taken the message: whoever awaits it before making the next never fills the memory. */
  send(message: string): Promise<void> {
    const socket = this.#socket;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (socket.readyState === socket.OPEN) socket.send(message, (error) => resolve(this.#sent(error)));
    else resolve(this.#gone.abort());
    this.#pauseWhenFull();
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

  /**
   * Sends a whole frame without waiting; a client that does not take it is not free until it has. It goes straight to the line: `ws`
   * would make the frame's head anew for each client and write it in two parts.
   */
  push(frame: Buffer): void {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return;
    const unsent = socket.bufferedAmount;
    const lasting = unsent < mostShared ? frame : apart(frame);
    if (unsent <= mostUnsent) {
      this.#line.write(lasting);
      return;
    }
    this.#isFree = false;
    // Called when this frame, and with it all before, has been taken.
    this.#line.write(lasting, () => {
      this.#isFree = true;
      this.#showLife();
      this.#freed.ring();
    });
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  /**
   * Closes the socket on a caller who is not believed, or not served now. Clients of graphql-ws come back by themselves after `forbidden`, with what
   * their connection parameters say then, and not after `unauthorized`: no new token is going to help.
   */
  refuse(error: unknown): void {
    if (isLivefoldError(error, 'UNAUTHENTICATED'))
      this.close(error.fields.isOver === true ? forbidden : unauthorized, error.message.slice(0, 100));
    else
      this.close(tryAgainLater, isLivefoldError(error, 'RATE_LIMITED') ? error.message : 'Try again later');
  }

  onMessage(receive: (message: string) => Promise<void>): void {
    this.#socket.on('message', (message) => {
      this.#showLife();
      receive(String(message)).catch((err: unknown) => {
        this.#logger.error({ err }, 'A WebSocket message could not be handled.');
        this.#socket.close(internalError, 'Internal server error');
      });
      this.#stopUnwanted();
    });
  }

  /** Looks after the client: pings it, closes the socket when it is gone, or has had no operation for long. */
  look(idleSeconds: number): void {
    const now = performance.now();
    if (Object.keys(this.operations()).length > 0) this.#lastUse = now;
    if (now - this.#lastUse >= idleSeconds * 1_000) this.close(goingAway, 'Idle');
    const isGone = now - this.#lastLife > Math.min(longestSilence, idleSeconds * 2_000);
    if (isGone) this.#socket.terminate();
    if (isGone || !this.#isFree) return;
    this.#socket.ping();
    this.#socket.send(visiblePing);
  }

  /** Tells the client to come back later, once what executes has been answered or the grace is over. */
  async leave(graceOver: AbortSignal): Promise<void> {
    while (Object.values(this.operations()).includes(null) && !graceOver.aborted) await sleep(20, graceOver);
    this.#socket.close(goingAway, 'Going away');
    // Some clients never answer the closing handshake.
    await sleep(1_000, AbortSignal.any([this.gone, graceOver]));
    this.#socket.terminate();
  }

  /**
   * Ends what the message has just completed. graphql-ws ends streams by itself, but lets what executes go on: nothing of its own tells
   * that the client has left.
   */
  #stopUnwanted(): void {
    const operations = this.operations();
    for (const [id, leaving] of this.#wanted) {
      if (id in operations) continue;
      this.#wanted.delete(id);
      leaving.abort();
    }
  }

  #pong(data: Buffer): void {
    const socket = this.#socket;
    if (socket.readyState === socket.OPEN) socket.pong(data, false, (error) => this.#sent(error));
    this.#pauseWhenFull();
  }

  #pauseWhenFull(): void {
    if (this.#socket.bufferedAmount > highWaterMark) this.#socket.pause();
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
