import type { GraphiQLTab } from '../graphql/graphiql.ts';

/** What GraphiQL opens with: three operations that work as they stand. */
export const shopTabs: readonly GraphiQLTab[] = [
  {
    query: `# 1. Add a product and order two of it: press the play button. Run it again for another order.
mutation PlaceAnOrder {
  addProduct(input: { sku: "TEA-EARL-GREY", name: "Earl Grey, 100 g", price: "4.95" }, commandId: "graphiql-first-product") {
    product { sku price unitsSold }
  }
  placeOrder(input: { lines: [{ sku: "TEA-EARL-GREY", quantity: 2 }] }) {
    receipt { position stream version }
    order { id status total lines { name quantity amount } }
  }
}
`,
  },
  {
    query: `# 2. The newest orders.
query ListOrders {
  orders(first: 20, orderBy: { field: PLACED_AT, descending: true }) {
    nodes { id status placedAt total customer { name } lines { sku name quantity unitPrice amount } }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  },
  {
    query: `# 3. Watch orders: a SNAPSHOT, then a DELTA for each change. Leave it running and place an order in the first tab.
subscription WatchOrders {
  orders(filter: { status: { ne: CANCELLED } }) {
    kind
    position
    live
    upserted { id status total }
    removed
  }
}
`,
  },
];
