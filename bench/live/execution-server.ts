/** The same orders, found for each subscriber by Livefold's index of filters, and executed for each by itself. */
import { startBackend } from '../../src/main/start-backend.ts';
import { serveByGraphqlWs } from './graphql-ws-server.ts';
import { ordersBackend } from './orders-backend.ts';

const backend = await startBackend(ordersBackend, { databaseUrl: process.env.DATABASE_URL ?? '' });
await serveByGraphqlWs(ordersBackend, backend);
