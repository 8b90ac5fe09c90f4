import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { onAbort, sleep } from '../kernel/async.ts';
import type { ResultStream } from './result-stream.ts';

/** Proxies close connections that are silent for long, often after 30 or 60 seconds. */
const pingInterval = 12_000;

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  // nginx would hold events back to fill its buffer.
  'x-accel-buffering': 'no',
};

/**
 * Writes a subscription's results as server-sent events, in the distinct connections mode of the GraphQL over SSE protocol
 * (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md), each with its position as `id:`. The next result is
 * pulled when the client has taken the last. When the server stops, the stream ends without `complete`, so clients resume.
 */
export async function writeEventStream(
  response: ServerResponse,
  results: ResultStream,
  stopping: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  onAbort(over.signal, () => void results.return());
  response.once('close', () => over.abort());
  const release = onAbort(stopping, () => over.abort());
  response.writeHead(200, headers);
  // Some browsers hold the response back until its first byte.
  response.write(':\n\n');
  const pinging = ping(response, over.signal);
  for await (const result of results) await write(response, eventOf(result), over.signal);
  if (!over.signal.aborted) response.write('event: complete\ndata:\n\n');
  release();
  over.abort();
  response.end();
  await pinging;
}

function eventOf(result: ExecutionResult): string {
  const position = result.extensions?.position;
  const id = typeof position === 'string' ? `id: ${position}\n` : '';
  // JSON text has no line breaks of its own, which would end the field.
  return `event: next\n${id}data: ${JSON.stringify(result)}\n\n`;
}

async function write(response: ServerResponse, text: string, over: AbortSignal): Promise<void> {
  if (over.aborted || response.write(text)) return;
  try {
    await once(response, 'drain', { signal: over });
  } catch (error) {
    if (!over.aborted) throw error;
  }
}

async function ping(response: ServerResponse, over: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(pingInterval, over);
    if (over.aborted) return;
    if (!response.writableNeedDrain) response.write(':\n\n');
  }
}
