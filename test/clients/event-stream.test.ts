import { test } from 'vitest';
import { type EventStream, openEventStream } from '../graphql/event-source.ts';
import type { ServedProgram } from '../support/served-program.ts';
import { type Client, expectResuming } from './resuming-client.ts';

test('an SSE client that sends Last-Event-ID misses nothing and gets nothing twice when the server is killed', () =>
  expectResuming(connect));

/** Like a browser's EventSource: it repeats its first request, and says which event it had last. */
function connect({ graphql }: ServedProgram): Client {
  const open = new Set<EventStream>();
  const last = new Map<string, string>();
  return {
    subscribe: async ({ query }, take) => {
      const lastEventId = last.get(query);
      const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
      try {
        const stream = await openEventStream(graphql, { query, variables: { after: '0' } }, headers);
        open.add(stream);
        for (let event = await stream.next(); event?.event === 'next'; event = await stream.next()) {
          if (event.id !== undefined) last.set(query, event.id);
          const { data, errors } = JSON.parse(event.data);
          if (errors !== undefined) throw new Error(JSON.stringify(errors));
          take(data);
        }
      } catch (error) {
        // How fetch says that the connection broke, and that we closed it.
        if (!(error instanceof TypeError) && !(error instanceof DOMException)) throw error;
      }
    },
    close: () => {
      for (const stream of open) stream.leave();
    },
  };
}
