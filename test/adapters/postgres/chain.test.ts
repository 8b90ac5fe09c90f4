import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { createPostgresChain } from '../../../src/adapters/postgres/postgres-chain.ts';
import { openTestStore } from './open-test-store.ts';

const link = (position: number, hash = `h${position}`) => ({ position, hash });

test('a link takes the place of the one before it, except at thousands', async () => {
  await using opened = await openTestStore();
  const chain = createPostgresChain(opened.database);
  expect([await chain.lastLink(), await chain.readLinks()]).toEqual([null, []]);
  const positions = [3, 17, 1_000, 1_001, 2_000, 3_000];
  for (const [index, position] of positions.entries()) {
    const previous = positions[index - 1];
    expect(await chain.addLink(link(position), previous === undefined ? null : link(previous))).toBe(true);
    expect(await chain.lastLink()).toEqual(link(position));
  }
  expect(await chain.readLinks()).toEqual([link(1_000), link(2_000), link(3_000)]);
});

test.each([
  ['the beginning', null],
  ['a link that has moved on', link(3)],
  ['a link of another hash', link(1_000, 'other')],
])('nothing is added behind %s', async (_, previous) => {
  await using opened = await openTestStore();
  const chain = createPostgresChain(opened.database);
  await chain.addLink(link(3), null);
  await chain.addLink(link(1_000), link(3));
  expect(await chain.addLink(link(1_200), previous)).toBe(false);
  expect(await chain.readLinks()).toEqual([link(1_000)]);
});

test('of several processes that go on from one link, one does', async () => {
  await using opened = await openTestStore();
  const databases = [1, 2, 3, 4].map(() => openDatabase(opened.url, { connections: 1 }));
  const chains = databases.map((database) => createPostgresChain(database));
  let previous = null;
  for (const base of [0, 1_000, 2_000]) {
    const from: ReturnType<typeof link> | null = previous;
    // To different positions: the primary key alone would let all of them in.
    const added = await Promise.all(chains.map((chain, n) => chain.addLink(link(base + 500 + n), from)));
    expect(added.filter(Boolean)).toHaveLength(1);
    const last = (await chains[0]?.lastLink()) ?? null;
    previous = link(base + 1_000);
    await chains[1]?.addLink(previous, last);
  }
  expect(await chains[2]?.readLinks()).toEqual([link(1_000), link(2_000), link(3_000)]);
  await Promise.all(databases.map((database) => database.close()));
});
