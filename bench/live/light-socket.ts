import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/**
 * The least WebSocket client: thousands of them must not be what a benchmark measures. It hands on each text message as bytes,
 * which are its own only during the call, and answers pings.
 */
export class LightSocket {
  readonly socket: Socket;
  readonly #receive: (message: Buffer) => void;
  #rest: Buffer = Buffer.alloc(0);
  #isOpen = false;

  constructor(url: string, { onOpen, receive }: { onOpen: () => void; receive: (message: Buffer) => void }) {
    const { hostname, port, host } = new URL(url);
    this.#receive = receive;
    this.socket = connect({ host: hostname, port: Number(port), noDelay: true }, () =>
      this.socket.write(
        `GET /graphql HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n`,
      ),
    );
    this.socket.on('data', (chunk) => {
      const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      this.#rest = this.#isOpen ? this.#takeFrames(data) : this.#takeAnswer(data, onOpen);
    });
    this.socket.on('error', () => {});
  }

  /** Sends a text. Clients mask what they send; by zeros it stays as it is. */
  send(text: string): void {
    const data = Buffer.from(text);
    const isShort = data.length < 126;
    const start = Buffer.alloc(isShort ? 6 : 8);
    start[0] = 0x81;
    start[1] = 0x80 | (isShort ? data.length : 126);
    if (!isShort) start.writeUInt16BE(data.length, 2);
    this.socket.write(Buffer.concat([start, data]));
  }

  #takeAnswer(data: Buffer, onOpen: () => void): Buffer {
    const end = data.indexOf('\r\n\r\n');
    if (end < 0) return data;
    this.#isOpen = true;
    onOpen();
    return this.#takeFrames(data.subarray(end + 4));
  }

  #takeFrames(data: Buffer): Buffer {
    let at = 0;
    for (;;) {
      if (data.length < at + 2) break;
      const short = (data[at + 1] ?? 0) & 0x7f;
      const start = at + (short === 126 ? 4 : short === 127 ? 10 : 2);
      if (data.length < start) break;
      const length =
        short === 126 ? data.readUInt16BE(at + 2) : short === 127 ? data.readUInt32BE(at + 6) : short;
      if (data.length < start + length) break;
      const code = (data[at] ?? 0) & 0x0f;
      if (code === 1) this.#receive(data.subarray(start, start + length));
      if (code === 9) this.socket.write(Buffer.from([0x8a, 0x80, 0, 0, 0, 0]));
      at = start + length;
    }
    return data.subarray(at);
  }
}
