import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { onAbort } from '../kernel/async.ts';
import type { Pulse } from './pulse.ts';
import { SharedResult } from './shared-result.ts';
import type { Results } from './subscribe.ts';

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  // nginx would hold events back to fill its buffer.
  'x-accel-buffering': 'no',
};

export type EventStreamOptions = {
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
  readonly pulse: Pulse;
  /** Whether the client sees nothing but events, as a browser's `EventSource` does. */
  readonly seesOnlyEvents: boolean;
};

/**
 * Writes a subscription's results as server-sent events, in the distinct connections mode of the GraphQL over SSE protocol
 * (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md), each with its position as `id:`. The next result is
 * pulled when the client has taken the last; those of a live subscription are written by its outlet. When the server stops, the
 * stream ends without `complete`, so clients resume.
 */
export async function writeEventStream(
  response: ServerResponse,
  results: Results,
  { stopping, pulse, seesOnlyEvents }: EventStreamOptions,
): Promise<void> {
  const over = new AbortController();
  onAbort(over.signal, () => void results.return(undefined));
  response.once('close', () => over.abort());
  const release = onAbort(stopping, () => over.abort());
  response.writeHead(200, headers);
  // Some browsers hold the response back until its first byte.
  response.write(':\n\n');
  // Other clients read the bytes themselves, and some refuse an event that is not of the protocol.
  const sign = seesOnlyEvents ? 'event: ping\ndata: {}\n\n' : ':\n\n';
  const stopPinging = pulse.add(() => void (response.writableNeedDrain || response.write(sign)));
  for await (const result of results) await write(response, new SharedResult(result).event, over.signal);
  stopPinging();
  if (!over.signal.aborted) response.write('event: complete\ndata:\n\n');
  release();
  over.abort();
  response.end();
}

async function write(response: ServerResponse, event: Buffer, over: AbortSignal): Promise<void> {
  if (over.aborted || response.write(event)) return;
  try {
    await once(response, 'drain', { signal: over });
  } catch (error) {
    if (!over.aborted) throw error;
  }
}
