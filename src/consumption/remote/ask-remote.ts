import { throwIfAborted } from '../../kernel/async.ts';
import { readBody } from './read-body.ts';
import { type RemoteEndpoint, type RemoteOperation, send } from './remote-endpoint.ts';
import { remoteInvalid, remoteRefused, remoteUnavailable } from './remote-errors.ts';

/** What a server says when it is not its client's fault. */
const passingCodes = ['INTERNAL', 'UNAVAILABLE'];
const passingStatus = [408, 425, 429];

/**
 * Asks a GraphQL query; the answer is its `data`, unchecked.
 *
 * @throws LivefoldError `REMOTE_LOG_UNAVAILABLE`, `REMOTE_LOG_REFUSED`, `REMOTE_LOG_INVALID`; `ABORTED`
 */
export async function askRemote(
  endpoint: RemoteEndpoint,
  operation: RemoteOperation,
  signal: AbortSignal,
): Promise<unknown> {
  const late = AbortSignal.timeout(endpoint.timeout);
  try {
    throwIfAborted(signal);
    const options = { accept: 'application/json', signal: AbortSignal.any([signal, late]) };
    const response = await send(endpoint, operation, options);
    return dataOf(await readBody(endpoint, response), endpoint.url, response.status);
  } catch (error) {
    throwIfAborted(signal);
    if (late.aborted)
      throw remoteUnavailable(endpoint.url, `did not answer within ${endpoint.timeout} ms`, { cause: error });
    throw error;
  }
}

type Answer = { readonly data?: unknown; readonly errors?: unknown };

function dataOf(text: string, url: string, status: number): unknown {
  const answer = parse(text);
  checkErrors(answer, url, status);
  if (status >= 500 || passingStatus.includes(status))
    throw remoteUnavailable(url, `answered with status ${status}`, { status });
  if (status !== 200) throw remoteRefused(url, `answered with status ${status}`, { status });
  if (answer?.data === undefined) throw remoteInvalid(url, 'answered with what is no GraphQL', { status });
  return answer.data;
}

function checkErrors(answer: Answer | undefined, url: string, status: number): void {
  const [first] = Array.isArray(answer?.errors) ? answer.errors : [];
  if (first === undefined) return;
  const code = String(first?.extensions?.code ?? 'none');
  const why = `answered with ${code}: ${String(first?.message).slice(0, 200)}`;
  const isPassing = status >= 500 || passingStatus.includes(status) || passingCodes.includes(code);
  throw (isPassing ? remoteUnavailable : remoteRefused)(url, why, { status, code });
}

function parse(text: string): Answer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
