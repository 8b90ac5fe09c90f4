import { sql } from 'drizzle-orm';
import { createClient } from 'graphql-ws';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { shop } from '../../src/app/shop.ts';
import { masterKeys, runLivefold } from '../cli/run-livefold.ts';
import { allTheTime } from '../consumption/rebuild/rebuild-counters.ts';
import { eventually } from '../consumption/spread.ts';
import { createTestDatabase } from '../support/database.ts';
import { ServedProgram } from '../support/served-program.ts';
import { addTea, cli } from './shop.ts';

const place = `mutation ($orderId: ID!) { placeOrder(input: { orderId: $orderId, lines: [{ sku: "TEA", quantity: 1 }] }) { receipt { position } } }`;
const sold = 'query ($atLeast: Position) { product(sku: "TEA", atLeast: $atLeast) { unitsSold } }';
const product = (unitsSold: number) => ({ sku: 'TEA', unitsSold });

type Frame = { readonly kind: string; readonly upserted: readonly { readonly unitsSold: number }[] };

/** The frames of everything about products, as a client gets them. */
function watchProducts(server: ServedProgram): { readonly frames: readonly Frame[]; stop(): Promise<void> } {
  const client = createClient({ url: server.socket, webSocketImpl: WebSocket });
  const frames: Frame[] = [];
  const query = 'subscription { products { kind upserted { sku unitsSold } removed } }';
  const reading = (async () => {
    for await (const { data } of client.iterate<{ products: Frame }>({ query }))
      if (data) frames.push(data.products);
  })();
  return {
    frames,
    async stop() {
      await client.dispose();
      await reading.catch(() => {});
    },
  };
}

test('servers go on serving through a rebuild: each reads its own writes, nobody sees the old rows again, who watches gets a snapshot', async () => {
  await using created = await createTestDatabase(shop.migrations);
  const env = { DATABASE_URL: created.url, PORT: '0', LIVEFOLD_KEYS: masterKeys };
  await using one = await ServedProgram.start([cli, 'start'], { env });
  await using other = await ServedProgram.start([cli, 'start'], { env });
  await addTea(one);
  const database = openDatabase(created.url, { connections: 1 });
  // As an older definition may have left it.
  await eventually(async () => {
    const changed = await database.session.execute(
      sql`update products set units_sold = 1000 where sku = 'TEA' returning true`,
    );
    expect(changed).toHaveLength(1);
  });
  await database.session.execute(
    sql`update livefold.tracking set definition = 'older' where consumer = 'products'`,
  );
  await database.close();
  await eventually(async () => {
    const { projections } = await other.data('{ projections { name isOutdated } }');
    expect(projections).toContainEqual({ name: 'products', isOutdated: true });
    expect(projections).toContainEqual({ name: 'orders', isOutdated: false });
  });

  const watching = [one, other].map(watchProducts);
  const seen: number[] = [];
  let orders = 0;
  {
    await using _ordering = allTheTime(async (round) => {
      orders = round + 1;
      const server = round % 2 === 0 ? one : other;
      const { placeOrder } = await server.data(place, { orderId: `o${round}` });
      const atLeast = placeOrder.receipt.position;
      for (const reader of [one, other]) {
        const answer = await reader.data(sold, { atLeast });
        seen.push(answer.product.unitsSold - orders);
      }
    });
    await eventually(async () => expect(seen.length).toBeGreaterThan(10));
    const { output } = await runLivefold(['projections', 'rebuild', 'products'], {
      databaseUrl: created.url,
    });
    expect(output).toMatch(/0 rows are equal, 1 different, 0 only in the old table, 0 only in the new one/);
    const length = seen.length;
    await eventually(async () => expect(seen.length).toBeGreaterThan(length + 10));
  }
  // Each answer had all orders in it: first on top of what the old table said, then of what the log says.
  expect(seen.filter((difference, index) => difference !== seen[index - 1])).toEqual([1_000, 0]);
  for (const { frames } of watching)
    await eventually(async () => expect(frames.at(-1)?.upserted).toEqual([product(orders)]));

  // And while nothing is written.
  const lengths = watching.map(({ frames }) => frames.length);
  const { output } = await runLivefold(['projections', 'rollback', 'products'], { databaseUrl: created.url });
  expect(output).toMatch(/serves again/);
  for (const [index, { frames }] of watching.entries())
    await eventually(async () => {
      expect(frames.slice(lengths[index]).map(({ kind }) => kind)).toContain('SNAPSHOT');
      expect(frames.at(-1)?.upserted).toEqual([product(orders + 1_000)]);
    });
  for (const { stop } of watching) await stop();
  // Two servers and two commands start in it, each a program of its own.
}, 180_000);
