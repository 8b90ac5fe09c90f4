/** What graphql-ws and graphql-js make of the same orders and filters by themselves: one execution for each subscriber. */
import { createServer } from 'node:http';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { Session } from '../../src/graphql/auth/session.ts';
import { buildBackendSchema } from '../../src/graphql/build-schema.ts';
import { listen } from '../../src/graphql/listen.ts';
import { createId } from '../../src/kernel/ids.ts';
import { startBackend } from '../../src/main/start-backend.ts';
import { answerParent, heldMemory } from './child.ts';
import { ordersBackend, placeOrders, type Writing } from './orders-backend.ts';

const backend = await startBackend(ordersBackend, { databaseUrl: process.env.DATABASE_URL ?? '' });
const http = createServer();
const server = new WebSocketServer({ server: http, path: '/graphql' });
const { signal } = new AbortController();
useServer(
  {
    schema: buildBackendSchema(ordersBackend),
    context: () => {
      const session = new Session();
      const context = { backend, session, correlationId: createId(), resumeAfter: null, signal };
      return { ...(ordersBackend.context?.(context) ?? context) };
    },
  },
  server,
);
const port = await listen(http, '127.0.0.1', 0);

answerParent({
  url: () => `ws://127.0.0.1:${port}`,
  memory: heldMemory,
  write: (writing: Writing) => placeOrders(backend, writing),
});
