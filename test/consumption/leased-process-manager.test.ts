import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { processManager } from '../../src/consumption/process-manager.ts';
import { type RunningBackend, startBackend } from '../../src/main/start-backend.ts';
import { Counted, counted } from './counters.ts';
import { eventually } from './spread.ts';
import { createTalliesDatabase, talliesBackend } from './tallies.ts';

/** A backend with a process manager that notes, beside its state, what it reacted to in this process. */
async function watch(url: string): Promise<RunningBackend & { readonly noted: readonly string[] }> {
  const noted: string[] = [];
  const manager = processManager<number>('watcher').on(
    Counted,
    ({ data }) => data.counters[0] ?? null,
    (seen = 0, { data }) => {
      noted.push(...data.counters);
      return { state: seen + 1 };
    },
  );
  const definition = { ...talliesBackend([]), processManagers: [manager] };
  return Object.assign(await startBackend(definition, { databaseUrl: url }), { noted });
}

test('a process manager runs in one process, and goes on in another one when that has left', async () => {
  await using created = await createTalliesDatabase();
  const one = await watch(created.url);
  await using other = await watch(created.url);
  const names = Array.from({ length: 20 }, (_, n) => `c${n}`);
  const append = (name: string) => other.store.append({ events: [counted(name)] });
  const seen = () => [...one.noted, ...other.noted].sort();

  for (const name of names) await append(name);
  await eventually(async () => expect(seen()).toEqual(names.toSorted()));
  expect([one.noted.length, other.noted.length].sort()).toEqual([0, 20]);
  await one.stop();
  await append('last');
  await eventually(async () => expect(other.noted).toContain('last'));
  expect(seen()).toEqual([...names, 'last'].sort());
  await eventually(async () => {
    const states = await other.database.session.execute(
      sql`select key from livefold.processes where state = '1' order by key`,
    );
    expect(states.map(({ key }) => key)).toEqual([...names, 'last'].sort());
  });
});
