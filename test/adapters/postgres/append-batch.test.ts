import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareAppend } from '../../../src/adapters/postgres/append-batch.ts';
import { defaultSchema } from '../../../src/adapters/postgres/tables.ts';
import { everything } from '../../../src/domain/query.ts';
import type { AppendItem } from '../../../src/persistence/event-store.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';
import { itemOn } from './sample-item.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened[Symbol.asyncDispose]());

test('what is refused leaves no hole in positions, versions, tags and receipts of the rest of its batch', async () => {
  const append = prepareAppend(opened.database.session, defaultSchema);
  await append([itemOn('known', { commandId: 'first' }), itemOn('taken', { tags: ['email:x'] })]);
  const batch: readonly AppendItem[] = [
    itemOn('shared', { tags: ['a'] }),
    itemOn('shared', { tags: ['no'], commandId: 'first' }),
    {
      events: [
        ...itemOn('shared', { tags: ['b'] }).events,
        ...itemOn('other').events,
        ...itemOn('shared').events,
      ],
    },
    itemOn('known', { tags: ['no'], expected: 0 }),
    itemOn('new', { tags: ['no'], condition: { items: [{ tags: ['email:x'] }] } }),
    { events: [], command: { id: 'empty', fingerprint: 'f' } },
    itemOn('shared', { tags: ['c', 'c'], commandId: 'second' }),
  ];
  expect((await append(batch)).outcomes).toEqual([
    { outcome: 'appended', position: 3, version: 1 },
    { outcome: 'duplicate', position: 2, version: null },
    { outcome: 'appended', position: 6, version: 3 },
    { outcome: 'conflict', position: 2, version: null },
    { outcome: 'condition', position: 2, version: null },
    { outcome: 'appended', position: 2, version: null },
    { outcome: 'appended', position: 7, version: 4 },
  ]);
  const stored = (await Array.fromAsync(opened.store.read(everything, { after: 2 }))).map((event) => [
    event.position,
    event.stream,
    event.version,
    event.tags,
  ]);
  expect(stored).toEqual([
    [3, 'shared', 1, ['a']],
    [4, 'shared', 2, ['b']],
    [5, 'other', 1, []],
    [6, 'shared', 3, []],
    [7, 'shared', 4, ['c']],
  ]);
  expect(await Array.fromAsync(opened.store.read({ items: [{ tags: ['no'] }] }))).toEqual([]);
  expect(await Array.fromAsync(opened.store.read({ items: [{ tags: ['c'] }] }))).toHaveLength(1);
  expect(await opened.store.receiptOf({ id: 'second', fingerprint: 'f' })).toMatchObject({
    position: 7,
    stream: 'shared',
    version: 4,
  });
});

test('two expectations of one stream that nobody writes are judged each for itself', async () => {
  const append = prepareAppend(opened.database.session, defaultSchema);
  await append([itemOn('watched'), itemOn('watched')]);
  const expecting = (stream: string, version: number | 'streamExists' | 'noStream'): AppendItem => ({
    ...itemOn(stream),
    expected: [{ stream: 'watched', version }],
  });
  const { outcomes } = await append([
    expecting('w1', 2),
    expecting('w2', 1),
    expecting('w3', 'streamExists'),
    expecting('w4', 'noStream'),
  ]);
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['appended', 'conflict', 'appended', 'conflict']);
});

test('every character a text may hold comes back as it was', async () => {
  const append = prepareAppend(opened.database.session, defaultSchema);
  const names = [
    '"quoted"',
    'back\\slash',
    'new\nline',
    'tab\t\u0001',
    '{a,b}',
    'NULL',
    '\\n',
    'é🎈\u2028',
    ' ',
  ];
  await append(names.map((name) => itemOn(`text ${name}`, { tags: [name] })));
  for (const name of names) {
    const [event] = await Array.fromAsync(opened.store.read({ items: [{ tags: [name] }] }));
    expect(event).toMatchObject({ stream: `text ${name}`, tags: [name] });
  }
});
