/** Livefold's server over the orders, as a process of its own. */
import { serve } from '../../src/main/serve.ts';
import { answerParent, heldMemory } from './child.ts';
import { ordersBackend, placeOrders, type Writing } from './orders-backend.ts';

const served = await serve(ordersBackend, {
  databaseUrl: process.env.DATABASE_URL ?? '',
  port: 0,
  graphiql: false,
});

answerParent({
  url: () => served.url.replace('http', 'ws'),
  memory: heldMemory,
  write: (writing: Writing) => placeOrders(served.backend, writing),
});
