import { type RemoteEndpoint, reasonOf } from './remote-endpoint.ts';
import { remoteUnavailable } from './remote-errors.ts';

/** So many bytes of an answer are taken in: 1,000 events of 64 KiB each, or one of the largest that a log keeps. */
const mostBytes = 64 * 1_048_576;

/**
 * The whole text of an answer, however it comes.
 *
 * @throws LivefoldError `REMOTE_LOG_UNAVAILABLE` when it breaks off, or grows too large: a smaller page may fit
 */
export async function readBody({ url }: Pick<RemoteEndpoint, 'url'>, response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytesOf(url, response)) {
    size += chunk.byteLength;
    if (size > mostBytes) throw remoteUnavailable(url, `sent more than ${mostBytes} bytes at once`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

async function* bytesOf(url: string, { body }: Response): AsyncGenerator<Uint8Array> {
  try {
    if (body !== null) yield* body;
  } catch (cause) {
    throw remoteUnavailable(url, `broke off in the middle of an answer (${reasonOf(cause)})`, { cause });
  }
}
