import { lineOf } from '../app/lines.ts';
import { Order } from '../app/orders/order.ts';
import { Product } from '../app/products/product.ts';
import { registerUser } from '../app/users/user-decisions.ts';
import type { Execute } from '../application/execute.ts';
import { sleep } from '../kernel/async.ts';
import { isLivefoldError } from '../kernel/errors.ts';
import { createRandom } from '../kernel/random.ts';

export type SimulationOptions = {
  readonly seed: number;
  /** Milliseconds between two things that somebody does. */
  readonly pace: number;
  readonly signal: AbortSignal;
};

const teas = [
  'Earl Grey',
  'Darjeeling',
  'Assam',
  'Sencha',
  'Genmaicha',
  'Oolong',
  'Lapsang Souchong',
  'Rooibos',
];
const people = ['Ada', 'Grace', 'Edsger', 'Barbara', 'Donald', 'Margaret', 'Alan', 'Frances'];
const countries = ['United Kingdom', 'France', 'Germany', 'Norway', 'Spain'];

/**
 * Customers who order teas, pay or change their minds, until the signal aborts. The same seed makes the same choices; a
 * restart goes on with other order ids.
 */
export async function simulateCustomers(
  { execute }: { readonly execute: Execute },
  { seed, pace, signal }: SimulationOptions,
): Promise<void> {
  const random = createRandom(seed);
  const pick = (items: readonly string[]): string => items[Math.floor(random() * items.length)] ?? '';
  const restock = (tea: string) =>
    execute(Product.commands.restock(skuOf(tea), { sku: skuOf(tea), quantity: 30 }));
  for (const [index, name] of teas.entries()) {
    await attempt(() =>
      execute(
        Product.commands.add(skuOf(name), {
          sku: skuOf(name),
          name: `${name}, 100 g`,
          price: `${3 + index}.${index}5`,
          stock: 40,
        }),
      ),
    );
  }
  for (const [index, name] of people.entries()) {
    await attempt(() =>
      execute(
        registerUser({
          id: name.toLowerCase(),
          name,
          email: `${name.toLowerCase()}@example.com`,
          country: countries[index % countries.length],
        }),
      ),
    );
  }

  const session = Date.now().toString(36);
  for (let number = 1; !signal.aborted; number += 1) {
    const orderId = `demo-${session}-${number}`;
    const name = pick(people);
    const lines = [pick(teas), pick(teas)].map((tea) =>
      lineOf({
        sku: skuOf(tea),
        name: `${tea}, 100 g`,
        quantity: 1 + Math.floor(random() * 3),
        unitPrice: `${3 + teas.indexOf(tea)}.${teas.indexOf(tea)}5`,
      }),
    );
    const country = countries[people.indexOf(name) % countries.length] ?? null;
    await attempt(() =>
      execute(
        Order.commands.place(orderId, {
          orderId,
          customerId: name.toLowerCase(),
          country,
          lines,
          needsStock: true,
        }),
      ),
    );
    await sleep(pace, signal);
    const mood = random();
    if (mood < 0.8) await attempt(() => execute(Order.commands.pay(orderId, {})));
    else if (mood < 0.95)
      await attempt(() => execute(Order.commands.cancel(orderId, { reason: 'changed my mind' })));
    // Some orders stay unpaid; and now and then a pallet arrives.
    if (number % 10 === 0) await attempt(() => restock(pick(teas)));
    await sleep(pace, signal);
  }
}

/** What the shop refuses (a product that is there from last time, say) is part of the play. */
async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isLivefoldError(error, 'COMMAND_REJECTED')) throw error;
  }
}

function skuOf(tea: string): string {
  return `TEA-${tea.toUpperCase().replaceAll(' ', '-')}`;
}
