/** Subscribers of one server, as a process of their own: counts what reaches them, and how old it is. */
import { createId } from '../../src/kernel/ids.ts';
import { answerParent } from './child.ts';
import { LightSocket } from './light-socket.ts';

type Opening = {
  readonly url: string;
  readonly count: number;
  /** Over how many customers their filters are spread; no filter when left out. */
  readonly customers?: number;
};

const query =
  'subscription ($filter: OrderFilter) { orders(filter: $filter) { kind position upserted { id status total placedAt } removed live } }';
let messages = 0;
let changes = 0;
let ages: number[] = [];
const sockets: LightSocket[] = [];

async function open({ url, count, customers }: Opening): Promise<void> {
  // What was there before is not what is measured.
  const placedAt = { gte: new Date().toISOString() };
  // Some at a time: a server's backlog of connections is finite.
  for (let at = 0; at < count; at += 100)
    await Promise.all(
      Array.from({ length: Math.min(100, count - at) }, (_, index) =>
        subscribe(
          url,
          customers === undefined
            ? { placedAt }
            : { customerId: { eq: `c${(at + index) % customers}` }, placedAt },
        ),
      ),
    );
}

function subscribe(url: string, filter: object): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const payload = { query, variables: { filter } };
  const socket = new LightSocket(url, {
    onOpen: () => socket.send('{"type":"connection_init"}'),
    receive: (message) => {
      if (message.length < 60) {
        if (message.includes('connection_ack'))
          socket.send(JSON.stringify({ id: createId(), type: 'subscribe', payload }));
        return;
      }
      // The first frame is the snapshot.
      resolve();
      take(message);
    },
  });
  sockets.push(socket);
  return promise;
}

const mark = Buffer.from('"placedAt":"');

function take(message: Buffer): void {
  messages += 1;
  // Looking at each would make this process the slower side.
  if (messages % 16 !== 0) return;
  const now = Date.now();
  let at = message.indexOf(mark);
  for (let first = true; at >= 0; at = message.indexOf(mark, at + mark.length)) {
    changes += 1;
    const start = at + mark.length;
    if (first) ages.push(now - Date.parse(message.toString('latin1', start, start + 24)));
    first = false;
  }
}

/** What comes in so many seconds: messages and changes a second, and the ages of the oldest changes in messages, in milliseconds. */
async function measure({ seconds }: { readonly seconds: number }) {
  messages = 0;
  changes = 0;
  ages = [];
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const took = (performance.now() - start) / 1_000;
  const sorted = ages.toSorted((a, b) => a - b);
  return {
    rate: messages / took,
    changes: (changes * 16) / took,
    p50: sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
  };
}

answerParent({ open, measure });
