import { LivefoldError } from '../../kernel/errors.ts';
import { remoteRefused, remoteUnavailable } from './remote-errors.ts';

/** A GraphQL endpoint of another program. */
export type RemoteEndpoint = {
  readonly url: string;
  /** Is asked for each request, since tokens expire. */
  readonly headers: () => Headers | Promise<Headers>;
  /** Most milliseconds until an answer is there. */
  readonly timeout: number;
};

type Headers = Readonly<Record<string, string>>;

export type RemoteOperation = { readonly query: string; readonly variables?: object };

/** @throws LivefoldError `REMOTE_LOG_URL_INVALID` */
export function checkUrl(url: string): string {
  const { protocol = '', username = '', password = '', href = '' } = URL.canParse(url) ? new URL(url) : {};
  if (/^https?:$/.test(protocol) && username === '' && password === '') return href;
  // Not the address itself: it may hold a password.
  throw new LivefoldError(
    'REMOTE_LOG_URL_INVALID',
    'The address of a remote log is that of its GraphQL endpoint, http://HOST/graphql or https://HOST/graphql; credentials go into `headers`.',
  );
}

/**
 * Sends an operation; the body is still to be read, within the same time.
 *
 * @throws LivefoldError `REMOTE_LOG_UNAVAILABLE` when there is no connection
 * @throws LivefoldError `REMOTE_LOG_REFUSED` when it is elsewhere
 */
export async function send(
  { url, headers }: RemoteEndpoint,
  operation: RemoteOperation,
  { accept, signal }: { readonly accept: string; readonly signal: AbortSignal },
): Promise<Response> {
  const response = await connect(url, {
    method: 'POST',
    headers: { ...(await headers()), accept, 'content-type': 'application/json' },
    body: JSON.stringify(operation),
    // Followed, it would become a GET, and might carry the headers to another server.
    redirect: 'manual',
    signal,
  });
  if (response.status < 300 || response.status > 399) return response;
  await response.body?.cancel();
  const { status } = response;
  throw remoteRefused(url, `has moved to ${response.headers.get('location') ?? 'somewhere else'}`, {
    status,
  });
}

async function connect(url: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, request);
  } catch (cause) {
    throw remoteUnavailable(url, `cannot be reached (${reasonOf(cause)})`, { cause });
  }
}

/** What `fetch` hides beneath its "fetch failed". */
export function reasonOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : {};
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return error instanceof Error ? error.message : String(error);
}
