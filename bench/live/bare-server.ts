/** The least that graphql-ws and graphql-js hold for a subscription: one that never has anything to say. */
import { createServer } from 'node:http';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { listen } from '../../src/graphql/listen.ts';
import { answerParent, heldMemory } from './child.ts';

const schema = makeExecutableSchema({
  typeDefs:
    'type Query { none: Int } type Subscription { orders(filter: OrderFilter): Changes! } input OrderFilter { placedAt: At } input At { gte: String } type Changes { kind: String! position: String! upserted: [Order!]! removed: [ID!]! live: Boolean! } type Order { id: ID! status: String! total: String! placedAt: String! }',
  resolvers: { Subscription: { orders: { subscribe: first } } },
});

/** What a live field says first. */
async function* first() {
  yield { orders: { kind: 'SNAPSHOT', position: '0', upserted: [], removed: [], live: true } };
  await new Promise(() => {});
}

const http = createServer();
useServer({ schema }, new WebSocketServer({ server: http, path: '/graphql' }));
const port = await listen(http, '127.0.0.1', 0);

answerParent({ url: () => `ws://127.0.0.1:${port}`, memory: heldMemory });
