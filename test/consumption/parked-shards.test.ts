import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { StoredEvent } from '../../src/domain/event.ts';
import { counted, inStream, labelled } from './counters.ts';
import { moody, parkedOf, waitUntilFree, withoutPosition } from './moods.ts';
import { openCounters } from './open-counters.ts';
import { eventually } from './spread.ts';

const units = async ({ session }: Pick<Awaited<ReturnType<typeof openCounters>>, 'session'>) => {
  const rows = await session.execute<{ consumer: string }>(
    sql`select consumer from livefold.tracking where shards = 1 order by consumer`,
  );
  return rows.map(({ consumer }) => consumer);
};

test('keys that are parked stay so over another number of shards, with all that queues behind them', async () => {
  const { bad, onFold } = moody();
  const names = Array.from({ length: 12 }, (_, n) => `c${n}`);
  for (const name of names.slice(0, 4)) bad.add(`2 ${name}`);
  await using first = await openCounters({ onFold });
  for (let n = 0; n < 3; n += 1) await first.append(counted(...names));
  await first.settle();
  await first.backend.stop();
  await using second = await openCounters({ url: first.url, onFold, shards: 3 });
  await eventually(async () => expect(await units(second)).toHaveLength(3));
  await second.append(counted(...names));
  await second.settle();
  expect((await parkedOf(second)).map(({ key, position, waiting }) => [key, position, waiting])).toEqual(
    ['c0', 'c1', 'c2', 'c3'].map((key) => [key, 2, 2]),
  );
  expect((await second.rows()).map(({ total }) => total).sort()).toEqual([
    ...Array.from({ length: 4 }, () => 1),
    ...Array.from({ length: 8 }, () => 4),
  ]);
  bad.clear();
  await waitUntilFree(second);
  expect(withoutPosition(await second.rows())).toEqual(withoutPosition(await second.folded()));
});

test('each shard keeps its part of a parked stream back, and they are not cut anew before it is free', async () => {
  let isMad = true;
  const onKeys = ({ position }: StoredEvent) => {
    if (isMad && position === 1) throw new Error('mad');
    return undefined;
  };
  const names = Array.from({ length: 9 }, (_, n) => `c${n}`);
  await using first = await openCounters({ onKeys, shards: 3 });
  await eventually(async () => expect(await units(first)).toHaveLength(3));
  await first.append(counted(...names), counted(...names), inStream('Other', counted(...names)));
  await first.settle();
  expect((await parkedOf(first)).map(({ key, waiting }) => [key, waiting])).toEqual(
    [0, 1, 2].map((index) => [`stream:Counters#${index}/3`, 1]),
  );
  await first.backend.stop();
  {
    await using second = await openCounters({ url: first.url, onKeys, shards: 2 });
    await second.append(inStream('Other', labelled('c1', 'x')));
    await second.settle();
    expect(await units(second)).toEqual(['counters#0/3', 'counters#1/3', 'counters#2/3']);
  }
  isMad = false;
  await using third = await openCounters({ url: first.url, onKeys, shards: 3 });
  await waitUntilFree(third);
  expect((await third.rows()).map(({ total }) => total)).toEqual(names.map(() => 3));
});
