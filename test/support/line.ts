import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Bell } from '../../src/kernel/async.ts';

/** What a bad network does to what a server says. */
export type Weather = {
  /** Bytes that pass at a time. */
  readonly pieceSize: () => number;
  /** Milliseconds that each piece takes. */
  readonly delay: () => number;
  /** Bytes after which a connection breaks that was made in it, unless the weather is fair by then. */
  readonly life: () => number;
};

/** A line to a server or a database that can be cut, as a network does. */
export interface Line extends AsyncDisposable {
  /** The server's address through the line. */
  readonly url: string;
  readonly port: number;
  /** Whether what the server says gets through. */
  isMute: boolean;
  /** Whether new connections are cut at once. */
  isDown: boolean;
  /** Fair unless set. */
  weather: Weather | undefined;
  /** How many connections broke in the middle of what the server said. */
  readonly broken: number;
  /** Cuts all connections; resolves when both ends know. */
  cut(): Promise<void>;
  /** Cuts all, and lets new ones break after so many bytes from the server, the next number for the next of them; resolves when all are used. */
  cutAfter(bytes: readonly number[]): Promise<void>;
  /** Resolves when so many new connections were cut from now on. */
  refused(count: number): Promise<void>;
}

export async function openLine(url: string): Promise<Line> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const refusals = new Bell();
  const cuts = new Bell();
  let lives: readonly number[] = [];
  let broken = 0;

  const server = createServer({ noDelay: true }, (client) => {
    if (line.isDown) {
      // A reset, as from a port where nobody listens.
      client.resetAndDestroy();
      refusals.ring();
      return;
    }
    const [given, ...others] = lives;
    lives = others;
    let left = given ?? line.weather?.life() ?? Number.POSITIVE_INFINITY;
    const upstream = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroySoon();
      });
    }
    client.on('data', (chunk) => upstream.write(chunk));
    client.once('close', () => {
      if (given !== undefined) cuts.ring();
    });

    async function say(text: Buffer): Promise<void> {
      for (let rest = text; rest.length > 0 && !client.destroyed; ) {
        const { weather } = line;
        const piece = rest.subarray(0, Math.min(weather?.pieceSize() ?? rest.length, left));
        if (weather !== undefined) await delay(weather.delay());
        // What has outlived the storm breaks no more.
        if (given === undefined && line.weather === undefined) left = Number.POSITIVE_INFINITY;
        rest = rest.subarray(piece.length);
        left -= piece.length;
        const isTaken = client.write(piece);
        if (left <= 0) return breakOff();
        if (!isTaken) await drained(client);
      }
    }

    function breakOff(): void {
      broken += 1;
      // Some networks say that a connection is over, and some do not know it.
      if (broken % 2 === 0) client.resetAndDestroy();
      else client.destroySoon();
    }

    upstream.on('data', (chunk) => {
      if (line.isMute) return;
      // The next is read when this has been said: a slow line fills, as networks do.
      upstream.pause();
      void say(chunk).then(() => upstream.resume());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the line has no port');
  const through = new URL(url);
  through.host = `127.0.0.1:${address.port}`;

  const line: Line = {
    url: through.href,
    port: address.port,
    isMute: false,
    isDown: false,
    weather: undefined,
    get broken() {
      return broken;
    },
    async cut() {
      const closing = [...sockets].map((socket) => once(socket, 'close'));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closing);
      // The server's end and the client's hear of it a moment later; no event here tells when.
      await delay(20);
    },
    async cutAfter(bytes) {
      lives = bytes;
      const wanted = cuts.rings + bytes.length;
      for (const socket of sockets) socket.destroy();
      while (cuts.rings < wanted) await cuts.wait(cuts.rings);
    },
    async refused(count) {
      const wanted = refusals.rings + count;
      while (refusals.rings < wanted) await refusals.wait(refusals.rings);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      await Promise.all([line.cut(), once(server, 'close')]);
    },
  };
  return line;
}

/** Resolves when a socket takes more, or is gone: an error is no matter of whoever waits. */
async function drained(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('drain', resolve).once('close', resolve);
  await promise;
  socket.off('drain', resolve).off('close', resolve);
}
