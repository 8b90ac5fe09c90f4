import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Something that takes the place of a database's server. */
export interface Served extends AsyncDisposable {
  /** The database's address with this server in it. */
  readonly url: string;
}

/** Does with each connection what `take` says. */
export async function serve(url: string, take: (client: Socket) => unknown): Promise<Served> {
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    client.on('error', () => {});
    client.on('close', () => clients.delete(client));
    take(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const served = new URL(url);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  served.host = `127.0.0.1:${address.port}`;
  return {
    url: served.href,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const client of clients) client.destroy();
      await once(server, 'close');
    },
  };
}

/** Passes everything on to the database, through whatever `take` makes of a connection. */
export function serveThrough(
  url: string,
  take: (client: Socket) => Socket | Promise<Socket>,
): Promise<Served> {
  const { hostname, port } = new URL(url);
  return serve(url, async (client) => {
    const inner = await take(client);
    const upstream = connect(Number(port), hostname);
    upstream.on('error', () => {});
    inner.on('error', () => {});
    inner.on('close', () => upstream.destroy());
    upstream.on('close', () => inner.destroy());
    inner.pipe(upstream).pipe(inner);
  });
}
