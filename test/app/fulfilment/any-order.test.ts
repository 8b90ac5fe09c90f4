import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Fulfilment } from '../../../src/app/fulfilment/fulfilment.ts';
import { lineOf } from '../../../src/app/lines.ts';
import { Order } from '../../../src/app/orders/order.ts';
import { Product } from '../../../src/app/products/product.ts';
import type { Executable } from '../../../src/application/executable.ts';
import type { Execute } from '../../../src/application/execute.ts';
import type { StoredEvent } from '../../../src/domain/event.ts';
import { Bell, sleep } from '../../../src/kernel/async.ts';
import { isLivefoldError } from '../../../src/kernel/errors.ts';
import { type House, openHouse, type RunOptions } from '../../consumption/processes/open-house.ts';
import { eventually } from '../../consumption/spread.ts';

/** What customers and staff may do to an order, whatever it is like; some steps of fulfilment; some days that pass. */
type Action = { readonly what: (typeof whats)[number]; readonly order: number };
const whats = [
  'place',
  'place',
  'pay',
  'pay',
  'pay',
  'ship',
  'cancel',
  'work',
  'work',
  'work',
  'work',
  'days',
] as const;
const action = fc.record({ what: fc.constantFrom(...whats), order: fc.nat(1) });

/** After how many of its steps, before them or behind them, each process in turn dies. */
const deaths = fc.array(fc.integer({ min: 1, max: 24 }), { maxLength: 4 });

const day = 24 * 60 * 60 * 1_000;

let house: House;
let runs = 0;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house[Symbol.asyncDispose]());

test('whatever is done to orders, and whenever fulfilment dies, each is shipped or off, and nothing is kept of one that is off', async () => {
  const property = fc.asyncProperty(
    fc.array(action, { minLength: 10, maxLength: 40 }),
    deaths,
    fc.nat(4),
    async (actions, dying, stock) => {
      runs += 1;
      const sku = `SKU${runs}`;
      await house.execute(Product.commands.add(sku, { sku, name: sku, price: '1.5', stock }));
      const lives = startLives(dying);
      for (const one of actions) await (one.what === 'work' ? lives.work(1 + one.order) : act(one, sku));
      await lives.settle();
      house.now = new Date(house.now.getTime() + 8 * day);
      house.ring();
      await lives.settle();
      await lives.stop();
      expect(new Set(lives.done).size).toBe(lives.done.length);
      const events = (await house.events()).filter(({ data }) => isOf(sku, data));
      for (const [orderId, own] of Map.groupBy(events, ({ data }) => Object(data).orderId))
        checkOrder(orderId, own);
      expect(kept(events)).toBeLessThanOrEqual(stock);
      expect(kept(events)).toBe(
        2 * events.filter(({ type }) => type === 'OrderShipped').length - handed(events),
      );
      expect(await house.timers()).toEqual([]);
    },
  );
  await fc.assert(property, { numRuns: 40, endOnFailure: true });
});

const idOf = (sku: string, order: number): string => `${sku}-${order}`;
const isOf = (sku: string, data: unknown): boolean => String(Object(data).orderId).startsWith(`${sku}-`);

async function act({ what, order }: Action, sku: string): Promise<void> {
  if (what === 'work') return;
  const id = idOf(sku, order);
  if (what === 'days') {
    house.now = new Date(house.now.getTime() + 3 * day);
    house.ring();
    return;
  }
  const lines = [lineOf({ sku, name: sku, quantity: 2, unitPrice: '1.5' })];
  const commands: Record<typeof what, Executable> = {
    place: Order.commands.place(id, {
      orderId: id,
      customerId: null,
      country: null,
      lines,
      needsStock: true,
    }),
    pay: Order.commands.pay(id, {}),
    ship: Order.commands.ship(id, { carrier: 'By hand' }),
    cancel: Order.commands.cancel(id, {}),
  };
  await house.execute(commands[what], { occurredAt: house.now }).catch((error: unknown) => {
    if (!isLivefoldError(error, 'COMMAND_REJECTED')) throw error;
  });
}

/** One process behind the other, each of which dies at one of its steps; the last one lives. */
function startLives(dying: readonly number[]) {
  const bell = new Bell();
  const done: string[] = [];
  let allowed = 0;
  let life = live(dying);
  return {
    /** What was carried out for fulfilment, and not only answered with the receipt of the first time. */
    done,
    /** Lets some steps be taken, as soon as there is something to do. */
    work: async (steps: number) => {
      allowed += steps;
      bell.ring();
      await sleep(5);
    },
    /** Until all that happened has been reacted to. */
    settle: () => {
      allowed = Number.POSITIVE_INFINITY;
      bell.ring();
      return eventually(async () => {
        const { length } = await house.events();
        expect(await house.position(Fulfilment)).toBe(length);
        expect(await house.store.nextDue(Fulfilment.name, Fulfilment.timerNames)).not.toEqual(
          expect.toSatisfy((due: Date | null) => due !== null && due <= house.now),
        );
        expect((await house.events()).length).toBe(length);
      });
    },
    stop: async () => {
      const last = await life;
      await last.stop();
    },
  };

  async function live([dieAt, ...others]: readonly number[]) {
    const never = new Promise<never>(() => {});
    let steps = 0;
    /** What a process does is done, or not, when it dies; it does nothing more. */
    const mortal =
      <Given extends readonly unknown[], Result>(work: (...given: Given) => Promise<Result>) =>
      async (...given: Given): Promise<Result> => {
        await step();
        const result = await work(...given);
        await step();
        return result;
      };
    async function step(): Promise<void> {
      while (allowed <= 0) await bell.wait(bell.rings);
      allowed -= 1;
      steps += 1;
      if (dieAt === undefined || steps < dieAt) return;
      if (steps === dieAt) life = live(others);
      await never;
    }
    const execute: Execute = async (command, given) => {
      const receipt = await house.execute(command, given);
      if (!receipt.duplicate && 'name' in command)
        done.push(`${given?.causationId ?? given?.commandId} ${command.name}`);
      return receipt;
    };
    const { commit, fire, reject, load } = house.store;
    const options: RunOptions = {
      execute: mortal(execute),
      store: { commit: mortal(commit), fire: mortal(fire), reject: mortal(reject), load: mortal(load) },
    };
    return house.run(Fulfilment, options);
  }
}

function checkOrder(orderId: string, events: readonly StoredEvent[]): void {
  const types = events.map(({ type }) => type);
  const has = (type: string): boolean => types.includes(type);
  const story = `${orderId}: ${types.join(' ')}`;
  expect(new Set(types).size, story).toBe(types.length);
  if (!has('OrderPlaced')) return;
  expect([has('OrderShipped'), has('OrderCancelled')].filter(Boolean), story).toHaveLength(1);
  expect(has('OrderRefunded'), story).toBe(has('OrderPaid') && has('OrderCancelled'));
  expect(has('StockReleased'), story).toBe(has('StockReserved') && has('OrderCancelled'));
  const refunded = events.find(({ type }) => type === 'OrderRefunded');
  if (refunded !== undefined) expect(Object(refunded.data).amount).toBe('3');
}

/** Units that orders have. */
function kept(events: readonly StoredEvent[]): number {
  const count = (type: string): number => events.filter((one) => one.type === type).length;
  return 2 * (count('StockReserved') - count('StockReleased'));
}

/** Units of orders that were shipped by hand though there was no stock for them. */
function handed(events: readonly StoredEvent[]): number {
  const without = events.filter(({ type, data }) => {
    const id = Object(data).orderId;
    const isReserved = events.some((one) => one.type === 'StockReserved' && Object(one.data).orderId === id);
    return type === 'OrderShipped' && !isReserved;
  });
  return 2 * without.length;
}
