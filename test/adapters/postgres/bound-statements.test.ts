import { type SQL, sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { run } from '../../../src/adapters/postgres/statement.ts';
import { createTestDatabase } from '../../support/database.ts';

test('any number of different statements leaves a bounded number prepared, and each gives its answer', async () => {
  await using created = await createTestDatabase();
  const database = openDatabase(created.url, { connections: 1 });
  const ask = async (query: SQL): Promise<unknown> => (await run(database.session, query, ([one]) => one))[0];
  const prepared = sql`select count(*)::int from pg_prepared_statements`;
  for (let shape = 0; shape < 700; shape += 1)
    expect(await ask(sql`select ${shape}::int + ${sql.raw(String(shape))}`)).toBe(2 * shape);
  expect(await ask(prepared)).toBe(500);
  // Those that were prepared stay so, and one that was not can be asked again.
  expect(await ask(sql`select ${1}::int + 5`)).toBe(6);
  expect(await ask(sql`select ${1}::int + 650`)).toBe(651);
  expect(await ask(prepared)).toBe(500);
  await database.close();
});
