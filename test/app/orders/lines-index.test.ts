import { PostgresJsSession } from 'drizzle-orm/postgres-js';
import postgres, { type Sql } from 'postgres';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { Orders } from '../../../src/app/orders/orders-projection.ts';
import { shop } from '../../../src/app/shop.ts';
import type { Filter } from '../../../src/consumption/filter.ts';
import { type RunningBackend, startBackend } from '../../../src/main/start-backend.ts';
import { masterKeys } from '../../cli/run-livefold.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let created: TestDatabase;
let backend: RunningBackend;
let database: Sql;
beforeAll(async () => {
  created = await createTestDatabase(shop.migrations);
  backend = await startBackend({ ...shop, processManagers: [] }, { databaseUrl: created.url, masterKeys });
  database = postgres(created.url, { max: 1 });
  // Each product is in ten of the orders.
  await database`
    insert into orders (id, customer_id, status, placed_at, total, lines, position)
    select 'o' || n, 'c' || n % 500, 'PLACED', now(), 1, jsonb_build_array(
      jsonb_build_object('sku', 'S' || n % 2000, 'name', 'Tea', 'quantity', 1, 'unitPrice', '1', 'amount', '1'),
      jsonb_build_object('sku', 'T' || n % 2000, 'name', 'Pot', 'quantity', 2, 'unitPrice', '1.50', 'amount', '3')), 0
    from generate_series(1, 20000) as n`;
  await database`analyze orders`;
});
afterEach(() => void vi.restoreAllMocks());
afterAll(async () => {
  await database.end();
  await backend.stop();
  await created.drop();
});

const idsOf = async (filter: Filter, limit = 100) =>
  (await backend.models.rows(Orders, { filter, limit })).map(({ id }) => id);

/** What Postgres does for a filter, as the caller's own statement asks for it. */
async function plan(filter: Filter): Promise<string> {
  const prepared = vi.spyOn(PostgresJsSession.prototype, 'prepareQuery');
  await idsOf(filter);
  const asked = prepared.mock.calls.map(([query]) => query).find(({ sql }) => sql.includes('from "orders"'));
  prepared.mockRestore();
  const lines = await database.unsafe(
    `explain ${asked?.sql}`,
    (asked?.params ?? []).map((value) => (value === null ? null : String(value))),
  );
  return lines.map((line) => line['QUERY PLAN']).join('\n');
}

test.each<[string, Filter, readonly string[]]>([
  ['a product', { lines: { some: { sku: { eq: 'S7' } } } }, ['o10007', 'o12007']],
  ['one of several', { lines: { some: { sku: { in: ['S7', 'S8'] } } } }, ['o10007', 'o10008']],
  [
    'several things of one line',
    { lines: { some: { sku: { eq: 'S7' }, name: { eq: 'Tea' }, quantity: { lt: 5 } } } },
    ['o10007', 'o12007'],
  ],
  [
    'this or that',
    { lines: { some: { or: [{ sku: { eq: 'S7' } }, { and: [{ sku: { eq: 'T8' } }] }] } } },
    ['o10007', 'o10008'],
  ],
])('the index finds the orders of %s among twenty thousand', async (_, filter, first) => {
  expect((await idsOf(filter)).slice(0, 2)).toEqual(first);
  const steps = await plan(filter);
  expect(steps).toContain('Bitmap Index Scan on orders_lines');
  expect(steps).not.toContain('Seq Scan');
});

test('what the index cannot find is found without it', async () => {
  const filter = {
    id: { lt: 'o1001' },
    lines: { some: { amount: { eq: '3.00' }, name: { contains: 'o' } } },
  };
  expect(await idsOf(filter)).toContain('o1000');
  expect(await plan(filter)).not.toContain('@>');
});

test('a filter means the same with the index, whatever is in the lists', async () => {
  const skus = [
    ...[5, 5.5, -0.25, true, false, null, '5', '05', '5.0', 'true', 'null', ''],
    ...['"', '\\', "'", '{"a": 1}', '[1]', { a: 1 }, [1], '😀', 'é', ' 5', '1e3', 1000],
  ];
  const lists = [...skus.map((sku) => [{ sku }]), [{}], [], {}, 'S', [['S']], [{ sku: 'a' }, { sku: 'b' }]];
  for (const [n, list] of lists.entries())
    await database`insert into orders (id, status, placed_at, total, lines, position)
      values (${`odd-${n}`}, 'PLACED', now(), 1, ${database.json(list)}, 0)`;
  const texts = skus.map((sku) => (typeof sku === 'string' ? sku : JSON.stringify(sku)));
  for (const text of [...texts, '9'.repeat(40), '\uD83D', 'a', 'b']) {
    const asked = text.toWellFormed();
    const rows = await database`select id from orders where id like 'odd-%' and jsonb_typeof(lines) = 'array'
      and exists (select from jsonb_array_elements(lines) as item where item ->> 'sku' = ${asked}) order by id`;
    const expected = rows.map(({ id }) => id);
    const some = { id: { startsWith: 'odd-' }, lines: { some: { sku: { eq: text } } } };
    expect([text, await idsOf(some)]).toEqual([text, expected]);
    const among = { id: { startsWith: 'odd-' }, lines: { some: { sku: { in: [text, 'nothing'] } } } };
    expect([text, await idsOf(among)]).toEqual([text, expected]);
    const others = await idsOf({
      id: { startsWith: 'odd-' },
      not: { lines: { some: { sku: { eq: text } } } },
    });
    expect([text, others.length]).toEqual([text, lists.length - expected.length]);
  }
});
