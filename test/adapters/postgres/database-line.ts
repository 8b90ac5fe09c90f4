import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Bell } from '../../../src/kernel/async.ts';

/** A line to the database that can be cut, as a network does. */
export interface DatabaseLine extends AsyncDisposable {
  /** The database's address through the line. */
  readonly url: string;
  /** Whether what the database answers gets through. */
  isMute: boolean;
  /** Whether new connections are cut at once. */
  isDown: boolean;
  /** Cuts all connections; resolves when both ends know. */
  cut(): Promise<void>;
  /** Resolves when so many new connections were cut from now on. */
  refused(count: number): Promise<void>;
}

export async function openDatabaseLine(url: string): Promise<DatabaseLine> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const refusals = new Bell();
  const cut = async (): Promise<void> => {
    const closing = [...sockets].map((socket) => once(socket, 'close'));
    for (const socket of sockets) socket.destroy();
    await Promise.all(closing);
    // The database's end and the client's hear of it a moment later; no event here tells when.
    await delay(20);
  };
  const server = createServer((client) => {
    if (line.isDown) {
      // A reset, as from a port where nobody listens.
      client.resetAndDestroy();
      refusals.ring();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk) => {
      if (!line.isMute) client.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const through = new URL(url);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the line has no port');
  through.host = `127.0.0.1:${address.port}`;
  const line: DatabaseLine = {
    url: through.href,
    isMute: false,
    isDown: false,
    cut,
    async refused(count) {
      const wanted = refusals.rings + count;
      while (refusals.rings < wanted) await refusals.wait(refusals.rings);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      await Promise.all([cut(), once(server, 'close')]);
    },
  };
  return line;
}
