import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { processManager } from '../../src/consumption/process-manager.ts';
import type { BackendDefinition } from '../../src/graphql/backend-definition.ts';
import { startBackend } from '../../src/main/start-backend.ts';
import { doorEvents, Entered, enter, Knocked, knock, open } from '../consumption/processes/doors.ts';
import { createTestDatabase } from '../support/database.ts';
import { createTestFolder } from '../support/test-folder.ts';
import { runLivefold } from './run-livefold.ts';

const doors = join(import.meta.dirname, '../consumption/processes/doors.ts');
const managers = join(import.meta.dirname, '../../src/consumption/process-manager.ts');

test('what a process manager keeps back is listed, retried and skipped as a projection is', async () => {
  const bad = new Set(['ada', 'bob']);
  const porter = processManager<object>('porter').on(
    Knocked,
    ({ data }) => data.guest,
    (_, { data: { guest } }) => {
      if (bad.has(guest)) throw new RangeError('no');
      return { send: [enter(guest)] };
    },
  );
  const definition: BackendDefinition = {
    ...{ name: 'house', typeDefs: [], resolvers: {}, events: doorEvents },
    ...{ projections: [], processManagers: [porter] },
  };
  await using folder = await createTestFolder();
  const module = join(folder.path, 'backend.ts');
  await writeFile(
    module,
    `import { doorEvents } from ${JSON.stringify(doors)};
     import { processManager } from ${JSON.stringify(managers)};
     export const backend = { name: 'house', typeDefs: [], resolvers: {}, events: doorEvents, projections: [], processManagers: [processManager('porter')] };`,
  );
  await using created = await createTestDatabase();
  await using backend = await startBackend(definition, { databaseUrl: created.url });
  const livefold = async (...args: readonly string[]) => {
    const all = ['--backend', module, 'projections', ...args];
    const { code, output } = await runLivefold(all, { databaseUrl: created.url });
    return { code, output };
  };
  const entered = async (): Promise<readonly string[]> => {
    const events = await Array.fromAsync(backend.store.read({ items: [{ types: [Entered.type] }] }));
    return events.map(({ data }) => String(Object(data).guest));
  };
  await backend.execute(open());
  for (const guest of ['ada', 'bob', 'cleo', 'ada']) await backend.execute(knock(guest));
  await expect.poll(entered, { timeout: 30_000 }).toEqual(['cleo']);
  await expect
    .poll(() => backend.models.parked.list('process:porter', { first: 10 }), { timeout: 30_000 })
    .toMatchObject([{ key: 'ada', waiting: 1 }, { key: 'bob' }]);
  await backend.database.session.execute(sql`update livefold.parked set next_try = null`);

  const listed = await livefold('parked');
  expect(listed.output).toMatch(/^process:porter {2}"ada" {2}Knocked at \d+, 1 behind it; /);
  bad.delete('ada');
  expect(await livefold('retry', 'process:porter', 'ada')).toEqual({
    code: 0,
    output: 'process:porter: 1 key free again\n',
  });
  expect(await livefold('skip', 'process:porter', 'bob')).toEqual({
    code: 0,
    output: 'process:porter: 1 key free again\n',
  });
  expect(await livefold('parked')).toEqual({ code: 0, output: 'nothing is parked\n' });
  expect(await entered()).toEqual(['cleo', 'ada', 'ada']);
});
