import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import {
  Billed,
  BillHistories,
  Bills,
  billsTable,
  itemsTable,
  LargeBills,
  largeBillsTable,
  Settled,
  Voided,
} from '../../examples/projections/bills.ts';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import type { NewEvent } from '../../src/domain/event.ts';
import { createId } from '../../src/kernel/ids.ts';
import { startBackend } from '../../src/main/start-backend.ts';
import { createTestDatabase } from '../support/database.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

test('the guide to projections shows the code of the example as it is', async () => {
  const guide = await read('docs/guides/projections.md');
  const source = await read('examples/projections/bills.ts');
  const shown = [...guide.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code);
  expect(shown).toHaveLength(3);
  for (const code of shown) expect(source).toContain(code.trim());
});

test('the projections of the guide do what it says', async () => {
  await using created = await createTestDatabase();
  const tables = openDatabase(created.url, { connections: 1 });
  await tables.session.execute(
    sql`create table bills (id text primary key, customer text not null, position bigint not null)`,
  );
  await tables.session.execute(
    sql`create table bill_items (bill text, sku text, price numeric not null, primary key (bill, sku))`,
  );
  await tables.session.execute(
    sql`create table large_bills (id text primary key, items integer not null, position bigint not null)`,
  );
  await tables.close();
  const events = [Billed, Settled, Voided];
  const definition = { name: 'bills', typeDefs: [], resolvers: {}, events, projections: [Bills, LargeBills] };
  await using backend = await startBackend(definition, { databaseUrl: created.url });
  const append = (...made: readonly NewEvent[]) =>
    backend.store.append({ events: made.map((one) => ({ ...one, ...envelope(), stream: 'Bills' })) });
  const items = [
    { sku: 'TEA', price: '4.50' },
    { sku: 'MUG', price: '9.00' },
  ];
  await append(Billed({ bill: '1', customer: 'acme', items }), Billed({ bill: '2', customer: 'ada', items }));
  const { position } = await append(Settled({ bill: '1' }), Voided({ bill: '2' }));
  await Promise.all(
    [...backend.projections.values()].map((one) => one.waitFor(position, { timeout: 30_000 })),
  );
  const { session } = backend.database;
  expect(await session.select().from(billsTable)).toEqual([{ id: '1', customer: 'acme', position: 1 }]);
  expect(await session.select().from(itemsTable)).toHaveLength(2);
  expect(await session.select().from(largeBillsTable)).toEqual([{ id: '1', items: 2, position: 1 }]);
  expect((await backend.live.read(BillHistories, '1')).row).toMatchObject({
    total: '13.5',
    settledAt: expect.any(Date),
  });
  expect((await backend.live.read(BillHistories, '2')).row).toBeNull();
});

function envelope() {
  const nobody = { correlationId: null, causationId: null, actor: null, tenant: null, metadata: null };
  return { ...nobody, id: createId(), occurredAt: new Date() };
}
