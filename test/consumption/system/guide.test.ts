import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startKitchen } from '../../../examples/restaurant/kitchen-elsewhere.ts';
import { MealsCooked, Order, OrderPlaced, OrderServed } from '../../../examples/restaurant/restaurant.ts';
import { everything } from '../../../src/domain/query.ts';
import { serve } from '../../../src/main/serve.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createTestFolder } from '../../support/test-folder.ts';

const root = join(import.meta.dirname, '../../..');
const example = join(root, 'examples/restaurant');
const run = promisify(execFile);
const options = {
  cwd: root,
  // Under vitest's own variable, node:test would report to it.
  env: { ...process.env, NODE_TEST_CONTEXT: undefined },
};

test('the test of the guide passes under node:test, as a stranger writes it', async () => {
  const flags = ['--conditions', 'livefold-source', '--test', '--test-reporter', 'tap'];
  const { stdout } = await run(process.execPath, [...flags, join(example, 'restaurant.test.ts')], options);
  expect(stdout).toMatch(/^# pass 1$/m);
});

test('both applications run in one process, and again on what they left', async () => {
  await using folder = await createTestFolder();
  const flags = ['--conditions', 'livefold-source', join(example, 'one-process.ts'), folder.path];
  for (const events of [2, 4])
    expect((await run(process.execPath, flags, options)).stdout).toMatch(
      new RegExp(`is served; the orders' log has ${events} events\\.`),
    );
});

test('the kitchen follows the orders of another Livefold', async () => {
  await using created = await createTestDatabase();
  await using folder = await createTestFolder();
  const events = [OrderPlaced, OrderServed];
  await using orders = await serve(
    { name: 'orders', typeDefs: [], resolvers: {}, events, projections: [] },
    { databaseUrl: created.url, port: 0 },
  );
  const file = join(folder.path, 'kitchen.sqlite');
  const kitchen = await startKitchen(`${orders.url}/graphql`, { file, token: () => 'secret' });
  await orders.backend.execute(Order.commands.place('7', { order: '7', meals: ['soup', 'pie'] }));
  const cooked = () => Array.fromAsync(kitchen.persistence.events.read(everything));
  await expect
    .poll(cooked, { timeout: 10_000 })
    .toMatchObject([{ type: MealsCooked.type, data: { order: '7', meals: 2 } }]);
  await kitchen.stop();
});

test.each(['restaurant.ts', 'restaurant.test.ts', 'one-process.ts', 'kitchen-elsewhere.ts'])(
  'the guide shows %s as it is',
  async (file) => {
    const guide = await readFile(join(root, 'docs/guides/systems.md'), 'utf8');
    expect(guide).toContain(`\`\`\`ts\n${await readFile(join(example, file), 'utf8')}\`\`\``);
  },
);
