import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { onAbort } from '../kernel/async.ts';
import type { Pulse } from './pulse.ts';
import { SharedResult } from './shared-result.ts';
import type { Results } from './subscribe.ts';

/** Writes to one client's event stream. */
export type EventWriter = {
  /** Aborts when there is nobody to write to any more. */
  readonly over: AbortSignal;
  /** Resolves when the client has taken what was written before: whoever awaits it never fills the memory. */
  readonly write: (event: string | Buffer) => Promise<void>;
  readonly end: () => void;
  /** Resolves when the stream has ended. */
  readonly ended: Promise<void>;
};

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
  options: EventStreamOptions,
): Promise<void> {
  const writer = beginEventStream(response, options);
  onAbort(writer.over, () => void results.return(undefined));
  for await (const result of results) await writer.write(new SharedResult(result).event);
  if (!writer.over.aborted) await writer.write('event: complete\ndata:\n\n');
  writer.end();
  await writer.ended;
}

/** Begins to answer with server-sent events, which end when the client goes or the server stops. */
export function beginEventStream(
  response: ServerResponse,
  { stopping, pulse, seesOnlyEvents }: EventStreamOptions,
): EventWriter {
  const over = new AbortController();
  const end = (): void => over.abort();
  response.once('close', end);
  const release = onAbort(stopping, end);
  response.writeHead(200, headers);
  // Some browsers hold the response back until its first byte.
  response.write(':\n\n');
  // Each operation of a shared stream may be waiting for it to drain.
  response.setMaxListeners(0);
  // Other clients read the bytes themselves, and some refuse an event that is not of the protocol.
  const sign = seesOnlyEvents ? 'event: ping\ndata: {}\n\n' : ':\n\n';
  const stopPinging = pulse.add(() => void (response.writableNeedDrain || response.write(sign)));
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  onAbort(over.signal, () => {
    stopPinging();
    release();
    response.end();
    resolve();
  });
  return { over: over.signal, write: (event) => write(response, event, over.signal), end, ended };
}

async function write(response: ServerResponse, event: string | Buffer, over: AbortSignal): Promise<void> {
  if (over.aborted || response.write(event)) return;
  try {
    await once(response, 'drain', { signal: over });
  } catch (error) {
    if (!over.aborted) throw error;
  }
}
