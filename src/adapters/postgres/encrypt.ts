import { isIP, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';

/** How a connection is encrypted. */
export type Encryption = {
  /** `require` asks for encryption, `prefer` does without where the server has none. */
  readonly need: 'none' | 'prefer' | 'require';
  /** Whether the server must prove who it is. */
  readonly isVerified: boolean;
  /** Whether encryption begins at once, without asking for it: servers from PostgreSQL 17 on. */
  readonly isDirect: boolean;
};

export const unencrypted: Encryption = { need: 'none', isVerified: false, isDirect: false };

/** `sslmode` (or `ssl`) and `sslnegotiation` of a database's address, as postgres.js reads them. */
export function encryptionOf(url: string): Encryption {
  const asked = new URLSearchParams(url.split('?')[1]);
  const isTrustedBySystem = asked.get('sslrootcert') === 'system';
  const mode = asked.get('sslmode') ?? asked.get('ssl') ?? process.env.PGSSL ?? 'disable';
  const isDirect = asked.get('sslnegotiation') === 'direct';
  if (isTrustedBySystem) return { need: 'require', isVerified: true, isDirect };
  if (['disable', 'false', ''].includes(mode)) return unencrypted;
  return {
    need: mode === 'prefer' ? 'prefer' : 'require',
    isVerified: !['require', 'allow', 'prefer'].includes(mode),
    isDirect,
  };
}

// https://www.postgresql.org/docs/current/protocol-message-formats.html, SSLRequest.
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/**
 * Encrypts a connection whose first byte is not sent yet; gives it back as it is where that is not wanted. Rejects when the
 * server refuses, is not `host` or goes away.
 */
export async function encrypt(plain: Socket, host: string, encryption: Encryption): Promise<Socket> {
  const { need, isVerified, isDirect } = encryption;
  if (need === 'none') return plain;
  if (!isDirect && !(await isOffered(plain))) {
    if (need === 'prefer') return plain;
    throw new Error('the server does not encrypt');
  }
  const socket = connectSecurely({
    socket: plain,
    rejectUnauthorized: isVerified,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(isDirect ? { ALPNProtocols: ['postgresql'] } : {}),
  });
  await heard(socket, 'secureConnect');
  return socket;
}

async function isOffered(plain: Socket): Promise<boolean> {
  plain.write(sslRequest);
  const answer = await heard(plain, 'data');
  // Whatever else came unencrypted did not come from the server: https://www.postgresql.org/support/security/CVE-2021-23222/
  if (!Buffer.isBuffer(answer) || answer.length > 1)
    throw new Error('somebody wrote into the connection before it was encrypted');
  return answer[0] === 0x53;
}

/** What comes with the next such event. Rejects when the socket fails or closes before. */
export function heard(socket: Socket, event: string): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  socket.once(event, resolve);
  socket.once('error', reject);
  socket.once('close', () => reject(new Error('the server closed it')));
  return promise;
}
