import { createRandom } from '../../src/kernel/random.ts';

/** A mutation with its command id. */
export type Command = {
  readonly id: string;
  readonly field: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Milliseconds that the writer rests before. */
  readonly pause: number;
  /** Whether it is sent once more after it was acknowledged. */
  readonly isRepeated: boolean;
};

const products = 60;
const customers = 20;
const boards = 10;

/** The products and customers that all else is about. */
export function openingCommands(): readonly Command[] {
  const one = (field: string, id: string, input: object): Command => ({
    ...{ id: `opening:${id}`, field, pause: 0, isRepeated: false },
    input: { ...input },
  });
  return [
    ...Array.from({ length: products }, (_, number) => {
      const sku = skuOf(number);
      // Some run out.
      return one('addProduct', sku, {
        sku,
        name: sku,
        price: '4.25',
        stock: number % 5 === 0 ? 20 : 100_000,
      });
    }),
    ...Array.from({ length: customers }, (_, number) => {
      const id = customerOf(number);
      return one('registerUser', id, { id, name: id, email: `${id}@example.com`, country: 'Norway' });
    }),
  ];
}

/** What one writer sends, without an end: the same seed gives the same commands, whatever becomes of them. */
export function* planCommands(seed: number, writer: number): Generator<Command, never> {
  const random = createRandom(seed * 1_000 + writer);
  const below = (limit: number): number => Math.floor(random() * limit);
  const made = { orders: 0, errands: 0 };
  const nameOf = (kind: string, number: number): string => `${kind}-${writer}-${number}`;
  /** One of the last twenty that it has made. */
  const recent = (kind: 'orders' | 'errands'): string => nameOf(kind, Math.max(made[kind] - below(20), 0));

  for (let number = 1; ; number += 1) {
    const id = `writer-${writer}:${number}`;
    const [field, input] = choose();
    yield { id, field, input, pause: below(80), isRepeated: random() < 0.1 };

    function choose(): readonly [string, Command['input']] {
      const dice = random();
      if (dice < 0.2) {
        made.orders += 1;
        const lines = Array.from({ length: 1 + below(2) }, () => ({
          sku: skuOf(below(products)),
          quantity: 1 + below(3),
        }));
        const orderId = nameOf('orders', made.orders);
        return ['placeOrder', { orderId, customerId: customerOf(below(customers)), lines }];
      }
      if (dice < 0.34) return ['payOrder', { orderId: recent('orders') }];
      if (dice < 0.38) return ['cancelOrder', { orderId: recent('orders') }];
      if (dice < 0.41) return ['restock', { sku: skuOf(below(products)), quantity: 1 + below(10) }];
      if (dice < 0.56) {
        made.errands += 1;
        return ['beginErrand', { id: nameOf('errands', made.errands), delay: 200 + below(6_000) }];
      }
      if (dice < 0.63) return ['postponeErrand', { id: recent('errands'), delay: 200 + below(6_000) }];
      if (dice < 0.66) return ['callOffErrand', { id: recent('errands') }];
      return ['markBoard', { id: `board-${below(boards)}`, mark: id, writer: `writer-${writer}` }];
    }
  }
}

function skuOf(number: number): string {
  return `product-${number}`;
}

function customerOf(number: number): string {
  return `customer-${number}`;
}

/** A command for people. */
export function describeCommand({ id, field, input }: Command): string {
  return `${id} ${field} ${JSON.stringify(input)}`;
}
