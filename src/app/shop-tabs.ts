import type { GraphiQLTab } from '../graphql/graphiql.ts';

/** What GraphiQL opens with: operations that work as they stand. */
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
  {
    query: `# 4. The past of an order. Press play and choose MakeAPast first; then LookBack.
mutation MakeAPast {
  addProduct(input: { sku: "TEA-EARL-GREY", name: "Earl Grey, 100 g", price: "4.95" }, commandId: "graphiql-first-product") {
    product { sku }
  }
  placeOrder(input: { orderId: "graphiql-past", lines: [{ sku: "TEA-EARL-GREY", quantity: 2 }] }, commandId: "graphiql-past-placed") {
    receipt { position }
  }
  cancelOrder(input: { orderId: "graphiql-past", reason: "I prefer coffee" }, commandId: "graphiql-past-cancelled") {
    receipt { position }
  }
}

query LookBack {
  orderHistory(id: "graphiql-past") {
    nodes { version type occurredAt changes { field from to } lines { sku to { quantity amount } } }
  }
  orderDiff(id: "graphiql-past", from: { version: 1 }, to: { version: 2 }) {
    from { status }
    to { status cancelReason }
    changes { field from to }
  }
  notificationLog(filter: { stream: "Order-graphiql-past" }) {
    nodes { position event { __typename ... on OrderPlaced { lines { sku quantity } total } ... on OrderCancelled { reason } } }
  }
}
`,
  },
];
