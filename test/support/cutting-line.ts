import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Bell } from '../../src/kernel/async.ts';

/** A line to a server that breaks in the middle of what the server says. */
export interface CuttingLine extends AsyncDisposable {
  readonly port: number;
  /** Lets every connection break after so many bytes from the server, the next number for the next of them; resolves when all are used. */
  cut(afterBytes: readonly number[]): Promise<void>;
}

export async function openCuttingLine(target: number): Promise<CuttingLine> {
  const sockets = new Set<Socket>();
  const bell = new Bell();
  let cuts: readonly number[] = [];
  let pending = 0;

  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    const [most = Number.POSITIVE_INFINITY, ...others] = cuts;
    cuts = others;
    let passed = 0;
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
      client.write(chunk.subarray(0, Math.max(most - passed, 0)));
      passed += chunk.length;
      if (passed >= most) client.end();
    });
    client.once('close', () => {
      if (most === Number.POSITIVE_INFINITY) return;
      pending -= 1;
      bell.ring();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    async cut(afterBytes) {
      cuts = afterBytes;
      pending = afterBytes.length;
      for (const socket of sockets) socket.destroy();
      while (pending > 0) await bell.wait(bell.rings);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
