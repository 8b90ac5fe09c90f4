import { describe, expect, test } from 'vitest';
import { application } from '../../../src/consumption/system/application.ts';
import { runSystem } from '../../../src/consumption/system/run-system.ts';
import { system } from '../../../src/consumption/system/system.ts';
import { Bell } from '../../../src/kernel/async.ts';
import { LivefoldError } from '../../../src/kernel/errors.ts';
import { engines } from './engines.ts';
import { memoryPlaces } from './open-places.ts';
import {
  Billing,
  expectedLines,
  Kitchen,
  linesOf,
  Order,
  OrderPlaced,
  Orders,
  place,
  restaurant,
} from './restaurant.ts';
import { waitUntilQuiet } from './wait-until-quiet.ts';

const orders = Array.from({ length: 8 }, (_, index) => `order ${index}`);

describe.each(engines)('on $name', ({ start }) => {
  test('all applications of a process at once: every follow-up once', async () => {
    await using engine = await start();
    await using opened = await engine.open();
    const { places } = opened;
    await using running = runSystem(restaurant, { places });
    await Promise.all(orders.map((order) => running.open(Orders).execute(place(order))));
    await waitUntilQuiet(places);
    await running.stop();
    await running.done;
    expect(running.followers.map(({ status }) => status)).toEqual(['STOPPED', 'STOPPED', 'STOPPED']);
    expect(running.followers.map(({ position }) => position)).toEqual([16, 16, 16]);
    const expected = expectedLines(orders);
    expect(await linesOf(places.Orders.persistence.events)).toEqual(expected.Orders);
    expect(await linesOf(places.Kitchen.persistence.events)).toEqual(expected.Kitchen);
    expect(await linesOf(places.Billing.persistence.events)).toEqual(expected.Billing);
  });
});

// What one process keeps in its memory, no other part has.
describe.each(engines.filter(({ name }) => name !== 'memory'))('in parts, on $name', ({ start }) => {
  test('followers of one application that run twice never act twice', async () => {
    await using engine = await start();
    await using first = await engine.open();
    await using second = await engine.open();
    await using one = runSystem(restaurant, { places: first.places });
    await using two = runSystem(restaurant, { places: second.places });
    for (const order of orders) await one.open(Orders).execute(place(order));
    await waitUntilQuiet(first.places);
    await Promise.all([one.stop(), two.stop()]);
    expect([...one.followers, ...two.followers].map(({ status }) => status)).toEqual(
      Array(6).fill('STOPPED'),
    );
    expect(await linesOf(first.places.Kitchen.persistence.events)).toEqual(expectedLines(orders).Kitchen);
    expect(await linesOf(first.places.Billing.persistence.events)).toEqual(expectedLines(orders).Billing);
  });

  test('each application in a part of its own', async () => {
    await using engine = await start();
    await using first = await engine.open();
    await using second = await engine.open();
    await using front = runSystem(restaurant, { places: first.places, run: [Orders] });
    await using back = runSystem(restaurant, { places: second.places, run: [Kitchen, Billing] });
    expect(front.followers.map(({ follows }) => follows)).toEqual(['Billing']);
    for (const order of orders) await front.open(Orders).execute(place(order));
    await waitUntilQuiet(first.places);
    await Promise.all([front.stop(), back.stop()]);
    expect(await linesOf(first.places.Orders.persistence.events)).toEqual(expectedLines(orders).Orders);
  });
});

test('a follower that only a change of the program can mend stops and says why; nothing is skipped, others go on', async () => {
  await using opened = memoryPlaces();
  const { places } = opened;
  const Clumsy = application('Clumsy', { events: [OrderPlaced] }).on(OrderPlaced, ({ data }) => {
    if (data.order === 'b') throw new TypeError('Who could have known?');
    return [Order.commands.place(data.order, data)];
  });
  const both = system({
    pipes: [
      [Orders, Clumsy],
      [Orders, Kitchen],
    ],
  });
  await using running = runSystem(both, {
    places: { Orders: places.Orders, Clumsy: places.Billing, Kitchen: places.Kitchen },
  });
  for (const order of ['a', 'b', 'c']) await running.open(Orders).execute(place(order));
  await expect(running.done).rejects.toMatchObject({
    code: 'FOLLOWER_FAILED',
    fields: { application: 'Clumsy', follows: 'Orders', position: 1 },
    cause: new TypeError('Who could have known?'),
  });
  const [clumsy, kitchen] = running.followers;
  expect(clumsy).toMatchObject({ status: 'FAILED', position: 1, lastError: 'Who could have known?' });
  await expect.poll(() => kitchen?.position, { timeout: 10_000 }).toBe(3);
  await running.stop();
  expect([clumsy?.status, kitchen?.status]).toEqual(['FAILED', 'STOPPED']);
  expect(await linesOf(places.Billing.persistence.events)).toEqual(['OrderPlaced a 2']);
  expect(await places.Billing.persistence.tracking.positionOf('system:Clumsy:Orders')).toBe(1);
});

test('a fault that passes is tried again, and told while it lasts', async () => {
  await using opened = memoryPlaces();
  const { places } = opened;
  let isDown = true;
  const { persistence } = places.Kitchen;
  const flaky = {
    ...persistence,
    transaction: async <Result>(work: Parameters<typeof persistence.transaction<Result>>[0]) => {
      if (isDown) throw new LivefoldError('DATABASE_UNAVAILABLE', 'Nobody is home.');
      return persistence.transaction(work);
    },
  };
  await using running = runSystem(restaurant, {
    places: { ...places, Kitchen: { persistence: flaky, bell: places.Kitchen.bell } },
  });
  await running.open(Orders).execute(place('a'));
  const [kitchen] = running.followers;
  await expect.poll(() => kitchen?.status, { timeout: 10_000 }).toBe('RETRYING');
  expect(kitchen?.lastError).toBe('Nobody is home.');
  isDown = false;
  await waitUntilQuiet(places);
  expect(kitchen).toMatchObject({ status: 'RUNNING', lastError: null });
  expect(await linesOf(persistence.events)).toEqual(expectedLines(['a']).Kitchen);
});

test('stopping does not wait for a log that does not answer', async () => {
  await using opened = memoryPlaces();
  const { places } = opened;
  const asked = new Bell();
  const silent = {
    bell: new Bell(),
    head: () => new Promise<number>(() => asked.ring()),
    read: () => {
      throw new Error('The head is asked for first.');
    },
  };
  await places.Kitchen.persistence.tracking.advance('system:Kitchen:Orders', 3);
  const seen = asked.rings;
  const running = runSystem(restaurant, { places: { ...places, Orders: { log: silent } }, run: [Kitchen] });
  await asked.wait(seen);
  await running.stop();
  expect(running.followers.map(({ status }) => status)).toEqual(['STOPPED']);
  expect(() => running.open(Orders)).toThrow('"Orders" has no persistence here');
});

test('a process that runs none of the applications follows nobody', async () => {
  await using opened = memoryPlaces();
  await using running = runSystem(restaurant, { ...opened, run: [] });
  expect(running.followers).toEqual([]);
});
