/** The same orders by Yoga's own means: what changes is published, each subscriber's filter looks at it, and each executes by itself. */
import { createPubSub, filter, pipe } from 'graphql-yoga';
import { type Filter, passes } from '../../src/consumption/filter.ts';
import type { AnyRow } from '../../src/consumption/projection.ts';
import { startBackend } from '../../src/main/start-backend.ts';
import { serveByGraphqlWs } from './graphql-ws-server.ts';
import { ordersBackend } from './orders-backend.ts';

type Change = { readonly row: AnyRow; readonly position: number };

const backend = await startBackend(ordersBackend, { databaseUrl: process.env.DATABASE_URL ?? '' });
const feed = backend.projections.get('orders')?.feed;
if (feed === undefined) throw new Error('There are no orders.');
const { isDecimal } = feed;
const changed = createPubSub<{ order: [change: Change] }>();
let told = feed.position;
void (async () => {
  for (;;) {
    const seen = feed.bell.rings;
    for (let batch = feed.next(told); batch !== undefined; batch = feed.next(told)) {
      for (const { after, position } of batch.changes ?? [])
        if (after !== undefined) changed.publish('order', { row: after, position });
      told = batch.to;
    }
    await feed.bell.wait(seen);
  }
})();

async function* subscribe(_: unknown, args: { readonly filter?: Filter | null }) {
  yield { orders: { kind: 'SNAPSHOT', position: told, upserted: [], removed: [], live: true } };
  const concerns = filter<Change>(({ row }) => passes(args.filter, row, isDecimal));
  for await (const { row, position } of pipe(changed.subscribe('order'), concerns))
    yield { orders: { kind: 'DELTA', position, upserted: [row], removed: [], live: true } };
}

const { resolvers } = ordersBackend;
await serveByGraphqlWs(
  { ...ordersBackend, resolvers: { ...resolvers, Subscription: { orders: { subscribe } } } },
  backend,
);
