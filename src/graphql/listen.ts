import { once } from 'node:events';
import type { Server } from 'node:http';
import { LivefoldError } from '../kernel/errors.ts';

/**
 * Binds a server and gives the port it got.
 *
 * @throws LivefoldError `PORT_TAKEN`, or `CANNOT_LISTEN` for any other reason the system gives
 */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw translate(cause, host, port);
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** The address to reach it by. A server on all interfaces is reached as `localhost`. */
export function urlOf(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `http://localhost:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function translate(cause: unknown, host: string, port: number): LivefoldError {
  const reason = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const fields = { host, port };
  if (reason === 'EADDRINUSE') {
    const message = `Port ${port} on ${host} is taken: stop what uses it, or set PORT to another one (PORT=0 picks a free one).`;
    return new LivefoldError('PORT_TAKEN', message, { fields, cause });
  }
  const message = `Cannot listen on port ${port} of ${host} (${String(reason)}): check HOST and PORT.`;
  return new LivefoldError('CANNOT_LISTEN', message, { fields, cause });
}
