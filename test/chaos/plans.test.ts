import { expect, test } from 'vitest';
import { planCommands } from '../../chaos/clients/plan-commands.ts';
import { planFaults } from '../../chaos/faults/plan-faults.ts';

const five = { duration: 300_000, servers: 3 };

test('the same seed gives the same faults, another seed others', () => {
  expect(planFaults({ ...five, seed: 7 })).toEqual(planFaults({ ...five, seed: 7 }));
  expect(planFaults({ ...five, seed: 7 })).not.toEqual(planFaults({ ...five, seed: 8 }));
});

test('the faults are of every kind, in order, within the time, and PostgreSQL is restarted once', () => {
  const faults = planFaults({ ...five, seed: 7 });
  const byKind = Map.groupBy(faults, ({ kind }) => kind);
  expect(new Set(byKind.keys())).toEqual(new Set(['kill', 'freeze', 'deafen', 'terminate', 'restart']));
  expect(byKind.get('restart')).toHaveLength(1);
  // Every few seconds.
  expect(byKind.get('kill')?.length).toBeGreaterThan(50);
  const times = faults.map(({ at }) => at);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times.every((at) => at >= 0 && at < five.duration)).toBe(true);
});

test('the same seed gives the same commands, each writer its own, no id twice', () => {
  const commands = (seed: number, writer: number) => [...planCommands(seed, writer).take(500)];
  expect(commands(7, 1)).toEqual(commands(7, 1));
  expect(commands(7, 1)).not.toEqual(commands(8, 1));
  const ids = [1, 2, 3].flatMap((writer) => commands(7, writer).map(({ id }) => id));
  expect(new Set(ids).size).toBe(1_500);
});
