import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runSystem } from '../../../src/consumption/system/run-system.ts';
import { sleep } from '../../../src/kernel/async.ts';
import type { EventStore } from '../../../src/persistence/event-store.ts';
import { Program } from '../../support/program.ts';
import { postgresPlaces } from './open-places.ts';
import { expectedLines, linesOf, Orders, place, restaurant } from './restaurant.ts';
import { createRestaurantDatabase } from './restaurant-database.ts';
import { waitUntilQuiet } from './wait-until-quiet.ts';

const script = join(import.meta.dirname, 'restaurant-process.ts');

async function start(url: string, names: readonly string[]): Promise<Program> {
  const program = new Program([script, url, ...names], { env: {} });
  await program.line(/^running$/m);
  return program;
}

/** Starts a process that runs applications, and kills it at some moment while it works, again and again. */
async function runUntilKilled(url: string, names: readonly string[], kitchen: EventStore): Promise<void> {
  for (let kill = 0; kill < 3; kill += 1) {
    const before = await kitchen.head();
    await using program = await start(url, names);
    while (names.includes('Kitchen') && (await kitchen.head()) === before) await sleep(5);
    await sleep(Math.random() * 100);
    expect(await program.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
  }
}

test.each([
  { who: 'all in one process', parts: [['Orders', 'Kitchen', 'Billing']] },
  { who: 'in parts, one of them twice', parts: [['Orders'], ['Kitchen', 'Billing'], ['Kitchen']] },
])('processes that are killed again and again leave every follow-up done once: $who', async ({ parts }) => {
  await using created = await createRestaurantDatabase();
  await using opened = await postgresPlaces(created.url);
  const { places } = opened;
  const waiter = runSystem(restaurant, { places, run: [] }).open(Orders);
  const orders: string[] = [];
  let isOpen = true;
  const placing = (async () => {
    for (; isOpen; await sleep(20)) {
      const order = `order ${orders.length}`;
      orders.push(order);
      await waiter.execute(place(order));
    }
  })();
  await Promise.all(
    parts.map((names) => runUntilKilled(created.url, names, places.Kitchen.persistence.events)),
  );
  isOpen = false;
  await placing;
  await using _ = await start(created.url, ['Orders', 'Kitchen', 'Billing']);
  await waitUntilQuiet(places);
  const expected = expectedLines(orders);
  expect(await linesOf(places.Orders.persistence.events)).toEqual(expected.Orders);
  expect(await linesOf(places.Kitchen.persistence.events)).toEqual(expected.Kitchen);
  expect(await linesOf(places.Billing.persistence.events)).toEqual(expected.Billing);
});
