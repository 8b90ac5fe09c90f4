import { describe, expect, test } from 'vitest';
import { application } from '../../../src/consumption/system/application.ts';
import { stepSystem } from '../../../src/consumption/system/step-system.ts';
import { system } from '../../../src/consumption/system/system.ts';
import { everything } from '../../../src/domain/query.ts';
import { engines } from './engines.ts';
import { memoryPlaces } from './open-places.ts';
import {
  Billing,
  expectedLines,
  Kitchen,
  linesOf,
  MealBilled,
  Order,
  OrderPlaced,
  Orders,
  place,
  restaurant,
} from './restaurant.ts';

test('a step carries one event, and the first pipe that has one goes first', async () => {
  await using opened = memoryPlaces();
  const { open, step } = stepSystem(restaurant, opened);
  await open(Orders).execute(place('a', 1));
  await open(Orders).execute(place('b', 1));
  const taken: string[] = [];
  for (let next = await step(); next !== undefined; next = await step())
    taken.push(`${next.upstream.name}→${next.follower.name} ${next.event.position}`);
  expect(taken).toEqual([
    'Orders→Kitchen 1',
    'Orders→Kitchen 2',
    'Kitchen→Billing 1',
    'Kitchen→Billing 2',
    'Billing→Orders 1',
    'Billing→Orders 2',
  ]);
});

describe.each(engines)('on $name', ({ start }) => {
  test('a loop settles, with every follow-up once and in order', async () => {
    await using engine = await start();
    await using opened = await engine.open();
    const { open, settle } = stepSystem(restaurant, opened);
    for (const order of ['a', 'b', 'c']) await open(Orders).execute(place(order));
    expect(await settle()).toHaveLength(3 + 6 + 6);
    const expected = expectedLines(['a', 'b', 'c']);
    for (const one of [Orders, Kitchen, Billing])
      expect(await linesOf(open(one).persistence.events)).toEqual(
        expected[one.name as keyof typeof expected],
      );
    expect(await settle()).toEqual([]);
  });

  test('an aggregate that is in memory is what the last follow-up made it', async () => {
    await using engine = await start();
    await using opened = await engine.open();
    const { open, settle } = stepSystem(restaurant, opened);
    const orders = open(Orders);
    await orders.execute(place('a'));
    expect(await orders.repository.load(Order, 'a')).toMatchObject({ state: { left: 2 } });
    await settle();
    expect(await orders.repository.load(Order, 'a')).toMatchObject({ state: { left: 0 }, version: 2 });
  });

  test('what follows from an event has its correlation and tenant, and names it as its cause', async () => {
    await using engine = await start();
    await using opened = await engine.open();
    const { open, settle } = stepSystem(restaurant, opened);
    await open(Orders).execute(place('a', 1), { correlationId: 'visit', tenant: 'north' });
    await settle();
    const [placed] = await Array.fromAsync(opened.places.Orders.persistence.events.read(everything));
    const [cooked] = await Array.fromAsync(opened.places.Kitchen.persistence.events.read(everything));
    expect(cooked).toMatchObject({ correlationId: 'visit', tenant: 'north', causationId: placed?.id });
  });

  test('an event whose position was lost is carried again without a second effect', async () => {
    await using engine = await start();
    await using opened = await engine.open();
    const { open, settle } = stepSystem(restaurant, opened);
    await open(Orders).execute(place('a'));
    await settle();
    const { Kitchen: kitchen } = opened.places;
    const forgetful = { ...kitchen.persistence.tracking, positionOf: async () => 0, advance: async () => {} };
    const persistence = { ...kitchen.persistence, tracking: forgetful };
    const again = stepSystem(restaurant, {
      places: { ...opened.places, Kitchen: { ...kitchen, persistence } },
    });
    expect(await again.step()).toMatchObject({ follower: Kitchen });
    expect(await linesOf(kitchen.persistence.events)).toEqual(expectedLines(['a']).Kitchen);
  });

  test('a reaction that fails half way leaves nothing behind, and its event is next', async () => {
    await using engine = await start();
    await using opened = await engine.open();
    const Picky = application('Picky', { events: [OrderPlaced] }).on(OrderPlaced, ({ data }) => [
      Order.commands.place('copy', data),
      // An event that the application does not list.
      Order.commands.close('copy', { order: 'copy' }),
    ]);
    const { open, step } = stepSystem(system({ pipes: [[Orders, Picky]] }), {
      places: { Orders: opened.places.Orders, Picky: opened.places.Kitchen },
    });
    await open(Orders).execute(place('a'));
    const { events, tracking } = opened.places.Kitchen.persistence;
    for (let tries = 0; tries < 2; tries += 1)
      await expect(step()).rejects.toMatchObject({ code: 'UNKNOWN_EVENT_TYPE' });
    expect([await events.head(), await tracking.positionOf('system:Picky:Orders')]).toEqual([0, null]);
  });

  test('a command that the domain rejects is left out, and those beside it are carried out', async () => {
    await using engine = await start();
    await using opened = await engine.open();
    const Eager = application('Eager', { events: [OrderPlaced] }).on(OrderPlaced, ({ data }) => [
      Order.commands.close('never placed', data),
      Order.commands.place('copy', data),
    ]);
    const { open, settle } = stepSystem(system({ pipes: [[Orders, Eager]] }), {
      places: { Orders: opened.places.Orders, Eager: opened.places.Kitchen },
    });
    await open(Orders).execute(place('a', 1));
    await settle();
    expect(await linesOf(opened.places.Kitchen.persistence.events)).toEqual(['OrderPlaced a 1']);
  });
});

test('a loop that never ends is noticed', async () => {
  await using opened = memoryPlaces();
  const Echo = application('Echo', { events: [OrderPlaced] }).on(OrderPlaced, ({ data }) => [
    Order.commands.place(data.order, data),
  ]);
  const { open, settle } = stepSystem(system({ pipes: [[Echo, Echo]] }), {
    places: { Echo: opened.places.Orders },
  });
  await open(Echo).execute(place('a'));
  await expect(settle({ most: 20 })).rejects.toMatchObject({
    code: 'SYSTEM_RESTLESS',
    fields: { steps: 20, type: 'OrderPlaced' },
  });
});

test('a log that ends before what was seen of it is not taken for quiet', async () => {
  await using opened = memoryPlaces();
  const { open, settle } = stepSystem(restaurant, opened);
  await open(Orders).execute(place('a'));
  await settle();
  const { Orders: restored } = memoryPlaces().places;
  const again = stepSystem(restaurant, { places: { ...opened.places, Orders: restored } });
  await expect(again.step()).rejects.toMatchObject({
    code: 'LOG_BEHIND',
    fields: { application: 'Kitchen', follows: 'Orders', position: 1, head: 0 },
  });
});

describe('a system that cannot run is refused', () => {
  const refused = (why: RegExp) =>
    expect.objectContaining({ code: 'INVALID_SYSTEM', message: expect.stringMatching(why) });
  const caught = (work: () => unknown): unknown => {
    try {
      return work();
    } catch (error) {
      return error;
    }
  };

  test('by its definition', () => {
    expect(caught(() => system({ pipes: [] }))).toEqual(refused(/at least two/));
    expect(caught(() => system({ pipes: [[Orders]] }))).toEqual(refused(/at least two/));
    const other = application('Kitchen', { events: [] }).on(OrderPlaced, () => []);
    expect(
      caught(() =>
        system({
          pipes: [
            [Orders, Kitchen],
            [Orders, other],
          ],
        }),
      ),
    ).toEqual(refused(/name of its own/));
    expect(caught(() => system({ pipes: [[Orders, application('Deaf', { events: [] })]] }))).toEqual(
      refused(/"Deaf" follows "Orders" and reacts to nothing/),
    );
    expect(caught(() => application('a:b', { events: [] }))).toMatchObject({ code: 'INVALID_NAME' });
    expect(caught(() => Orders.on(MealBilled, () => []))).toMatchObject({ code: 'DUPLICATE_HANDLER' });
  });

  test('by its places', async () => {
    await using opened = memoryPlaces();
    const { places } = opened;
    const { Kitchen: _, ...missing } = places;
    const run = (options: Parameters<typeof stepSystem>[1]) => caught(() => stepSystem(restaurant, options));
    expect(run({ places: missing })).toEqual(refused(/"Kitchen" is followed here and has no place/));
    expect(run({ places: missing, run: [Kitchen] })).toEqual(refused(/"Kitchen" has no persistence here/));
    expect(run({ places: { ...places, Kichten: places.Orders } })).toEqual(refused(/"Kichten"/));
    expect(run({ places: { ...places, Kitchen: places.Orders } })).toEqual(refused(/log of its own/));
  });
});

test('a pipe that is named twice is one', () => {
  expect(
    system({
      pipes: [
        [Orders, Kitchen],
        [Orders, Kitchen, Billing],
      ],
    }).pipes,
  ).toHaveLength(2);
});
