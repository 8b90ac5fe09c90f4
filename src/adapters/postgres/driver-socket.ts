import { EventEmitter } from 'node:events';
import { connect, type Socket } from 'node:net';
import { nextTurn } from '../../kernel/async.ts';
import { type Encryption, encrypt, heard, unencrypted } from './encrypt.ts';
import { isUnavailable } from './translate-error.ts';

/** A Unix socket, or an address. */
export type Server = { readonly path: string } | { readonly host: string; readonly port: number };

/** Where a connection says hello that is opened only to cancel a query, and what it says there. */
const cancelCode = { offset: 4, value: 80_877_102 };

/** AuthenticationSASL, so often that what postgres.js answers, 56 bytes each, is more than the 1,024 that it writes at once. */
const loginRequests = Buffer.concat(
  Array.from({ length: 32 }, () => Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 10])),
);

/**
 * The socket that postgres.js 3.4.9 talks through, so that every query on a connection that is lost ends with an error, and
 * the next one gets a connection that works. Three things it does not do by itself:
 *
 * - It puts off short writes to the end of the turn. One that waits when the socket closes is cancelled but not forgotten, and
 *   from then on that connection never writes again: each new one in its place ends in `CONNECT_TIMEOUT`, for ever. Such a
 *   connection says no hello here; it is made to write what it has, into nothing, and then begins once more.
 * - A query that comes between a socket's `error` and its `close` is never answered. Here both come in one turn.
 * - A connection that is closed in order before the first answer is opened again at once and for ever, and its query waits.
 *   Here each close that the driver did not ask for is an error first.
 */
export class DriverSocket extends EventEmitter {
  readonly #server: Server;
  readonly #encryption: Encryption;
  /** What reaches the server: plain at first, then perhaps encrypted. */
  #socket: Socket | undefined;
  /** Milliseconds of silence after which the other end is asked whether it is still there. */
  #keepAlive: number | undefined;
  #isHeard = false;
  #isEnded = false;
  #isClosed = false;

  constructor(server: Server, encryption: Encryption = unencrypted) {
    super();
    this.#server = server;
    this.#encryption = encryption;
    void this.#expectHello();
  }

  /** The driver says goodbye to an open socket only; while it still opens, it would stay behind. */
  get readyState(): 'open' | 'closed' {
    return this.#isClosed ? 'closed' : 'open';
  }

  /** The driver speaks first: with that the connection begins. */
  write(chunk: Buffer): boolean {
    if (this.#isClosed) return true;
    if (this.#socket !== undefined) return this.#socket.write(chunk);
    void this.#begin(chunk);
    return true;
  }

  end(chunk: Buffer): void {
    this.#isEnded = true;
    // Before the first answer there is nobody to say goodbye to.
    if (this.#isHeard) this.#socket?.end(chunk);
    else this.#socket?.destroy();
  }

  destroy(): void {
    this.#socket?.destroy();
  }

  /** The driver asks for it before it says hello. */
  setKeepAlive(isOn: boolean, delay: number): void {
    this.#keepAlive = isOn ? delay : undefined;
  }

  async #expectHello(): Promise<void> {
    // The driver's own write is put off to the turn after the one in which it takes this socket.
    await nextTurn();
    await nextTurn();
    if (this.#socket !== undefined) return;
    this.#isClosed = true;
    this.emit('data', loginRequests);
    // What it answered beyond 1,024 bytes is put off too.
    await nextTurn();
    await nextTurn();
    // No error: the query that waits for this connection waits for the next one.
    this.emit('close', false);
  }

  async #begin(hello: Buffer): Promise<void> {
    // Such a connection is closed without an answer, and the driver lets nobody hear of an error.
    if (isCancellation(hello)) this.#isEnded = true;
    const plain = connect(this.#server);
    this.#socket = plain;
    if (this.#keepAlive !== undefined) plain.setKeepAlive(true, this.#keepAlive);
    try {
      await heard(plain, 'connect');
      const host = 'host' in this.#server ? this.#server.host : 'localhost';
      this.#carry(await encrypt(plain, host, this.#encryption), hello);
    } catch (error) {
      plain.destroy();
      this.#tellLoss(error);
    }
  }

  #carry(socket: Socket, hello: Buffer): void {
    let failure: unknown;
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => this.#tellLoss(failure));
    socket.on('data', (chunk) => {
      this.#isHeard = true;
      this.emit('data', chunk);
    });
    socket.on('drain', () => this.emit('drain'));
    socket.write(hello);
    this.#socket = socket;
  }

  #tellLoss(failure: unknown): void {
    this.#isClosed = true;
    if (!this.#isEnded) this.emit('error', this.#lossOf(failure));
    // What the driver takes for a failure makes it wait longer before it tries again.
    this.emit('close', !this.#isEnded && (failure !== undefined || !this.#isHeard));
  }

  /** An error that says by its code that the database cannot be reached, whatever it was that broke the line. */
  #lossOf(failure: unknown): unknown {
    if (isUnavailable(failure)) return failure;
    const reason = failure instanceof Error ? failure.message : 'the server closed it';
    const address = 'path' in this.#server ? this.#server.path : `${this.#server.host}:${this.#server.port}`;
    return Object.assign(new Error(`the connection to ${address} was lost: ${reason}`), {
      code: 'CONNECTION_CLOSED',
    });
  }
}

function isCancellation(hello: Buffer): boolean {
  const { offset, value } = cancelCode;
  return hello.length >= offset + 4 && hello.readUInt32BE(offset) === value;
}
