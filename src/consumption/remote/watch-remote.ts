import { Bell, backoff, sleep } from '../../kernel/async.ts';
import type { Logger } from '../../kernel/log.ts';
import { readServerSentEvents } from '../../kernel/server-sent-events.ts';
import { type RemoteEndpoint, reasonOf, send } from './remote-endpoint.ts';
import { remoteInvalid, remoteUnavailable } from './remote-errors.ts';
import { memberOf } from './remote-page.ts';

/** The position alone: it is a hint that there is more, and the log is read for what that is. */
const document = 'subscription { notifications { position } }';

/** The frames that wake a reader have some hundred characters. */
const mostText = 1_048_576;

/**
 * Rings at every notification of a remote log, over server-sent events, until the signal aborts. When the connection is
 * lost it is made again, which rings too: what came meanwhile was not heard of.
 */
export async function watchRemote(
  endpoint: RemoteEndpoint,
  { bell, logger, signal }: { readonly bell: Bell; readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      await listen(endpoint, signal, () => {
        failures = 0;
        bell.ring();
      });
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ err: error, url: endpoint.url }, 'the remote log cannot be listened to; trying again');
    }
    await sleep(backoff(failures, { base: 250, most: 10_000 }), signal);
  }
}

/** Until the server ends the stream, or breaks off, or is silent for too long: a sign of life comes every 12 seconds. */
async function listen(endpoint: RemoteEndpoint, signal: AbortSignal, ring: () => void): Promise<void> {
  const leaving = new AbortController();
  const heard = new Bell();
  const silence = leaveWhenSilent(heard, { timeout: endpoint.timeout, leaving, signal });
  try {
    const connection = AbortSignal.any([signal, leaving.signal]);
    const response = await send(
      endpoint,
      { query: document },
      { accept: 'text/event-stream', signal: connection },
    );
    ring();
    for await (const { event, data } of readServerSentEvents(
      textOf(endpoint.url, response, heard),
      mostText,
    )) {
      if (event === 'complete') return;
      if (event !== 'next') continue;
      checkFrame(endpoint.url, data);
      ring();
    }
  } catch (error) {
    throw error instanceof RangeError ? remoteInvalid(endpoint.url, `sent ${error.message}`) : error;
  } finally {
    leaving.abort();
    await silence;
  }
}

async function leaveWhenSilent(
  heard: Bell,
  options: { readonly timeout: number; readonly leaving: AbortController; readonly signal: AbortSignal },
): Promise<void> {
  const { timeout, leaving } = options;
  const signal = AbortSignal.any([options.signal, leaving.signal]);
  while (!signal.aborted) {
    const seen = heard.rings;
    await heard.wait(seen, { signal, timeout });
    if (heard.rings === seen) leaving.abort();
  }
}

async function* textOf(url: string, response: Response, heard: Bell): AsyncGenerator<string> {
  const { status, headers, body } = response;
  if (body === null || !headers.get('content-type')?.startsWith('text/event-stream')) {
    await body?.cancel();
    throw remoteUnavailable(url, `answered a subscription with status ${status} and no event stream`, {
      status,
    });
  }
  const decoder = new TextDecoder();
  try {
    for await (const chunk of body) {
      heard.ring();
      yield decoder.decode(chunk, { stream: true });
    }
  } catch (cause) {
    throw remoteUnavailable(url, `broke off its event stream (${reasonOf(cause)})`, { cause });
  }
}

function checkFrame(url: string, data: string): void {
  const position = memberOf(memberOf(memberOf(parse(data), 'data'), 'notifications'), 'position');
  if (typeof position !== 'string')
    throw remoteInvalid(url, `sent a frame without a position (${data.slice(0, 200)})`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
