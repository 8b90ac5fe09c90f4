import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Bell } from '../../../src/kernel/async.ts';

/** A line to the database that can be cut, as a network does. */
export interface Proxy extends AsyncDisposable {
  /** The database's address through the line. */
  readonly url: string;
  /** Whether what the database answers gets through. */
  isMute: boolean;
  /** Whether new connections are cut at once. */
  isDown: boolean;
  /** Cuts all connections. */
  cut(): void;
  /** Resolves when so many new connections were cut from now on. */
  refused(count: number): Promise<void>;
}

export async function openProxy(url: string): Promise<Proxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const refusals = new Bell();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((client) => {
    if (proxy.isDown) {
      client.destroy();
      refusals.ring();
      return;
    }
    const upstream = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk) => {
      if (!proxy.isMute) client.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const through = new URL(url);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  through.host = `127.0.0.1:${address.port}`;
  const proxy: Proxy = {
    url: through.href,
    isMute: false,
    isDown: false,
    cut,
    async refused(count) {
      const wanted = refusals.rings + count;
      while (refusals.rings < wanted) await refusals.wait(refusals.rings);
    },
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
