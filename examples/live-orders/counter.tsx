import { useMutation, useSubscription } from 'urql';
import { amount } from './amount.ts';
import { addProduct, placeOrder, watchProducts } from './operations.ts';

/** What an empty shop can begin with. */
const assortment = [
  { sku: 'TEA', name: 'Tea', price: '4.50' },
  { sku: 'COFFEE', name: 'Coffee', price: '7.20' },
  { sku: 'CAKE', name: 'Cake', price: '3.80' },
];

/** The products: a click orders one. */
export function Counter() {
  const [{ data }] = useSubscription({ query: watchProducts });
  const [{ error }, place] = useMutation(placeOrder);
  const [, add] = useMutation(addProduct);
  if (data === undefined) return <section className="counter">Loading the products …</section>;
  const products = data.products.upserted.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return (
    <section className="counter">
      {products.map(({ sku, name, price }) => (
        <button
          type="button"
          key={sku}
          // The order's id is the command's id too: sent twice, it is one order.
          onClick={() => {
            const orderId = crypto.randomUUID();
            void place({ input: { orderId, lines: [{ sku, quantity: 1 }] }, commandId: orderId });
          }}
        >
          {name} <small>{amount(price)}</small>
        </button>
      ))}
      {products.length === 0 && data.products.live && (
        <button
          type="button"
          onClick={() => void Promise.all(assortment.map((input) => add({ input, commandId: input.sku })))}
        >
          Open the shop
        </button>
      )}
      {error !== undefined && <p role="alert">{error.message}</p>}
    </section>
  );
}
