/** Catches the orders up, in a process that does nothing else: `node catch-up-process.ts URL EVENTS` prints samples as JSON. */

import { runningProjection } from '../../src/graphql/at-least.ts';
import { startBackend } from '../../src/main/start-backend.ts';
import { Orders, ordersBackend } from './orders.ts';
import { type Sample, sampleAt } from './samples.ts';

const [databaseUrl, events] = process.argv.slice(2);
await using backend = await startBackend(ordersBackend, { databaseUrl });
const { feed } = runningProjection(backend, Orders.name);
const samples: Sample[] = [];
while (feed.position < Number(events)) {
  await feed.bell.wait(feed.bell.rings);
  samples.push(sampleAt(feed.position));
}
console.log(JSON.stringify(samples));
