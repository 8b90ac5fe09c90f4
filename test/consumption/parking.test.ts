import { sql } from 'drizzle-orm';
import { expect, test, vi } from 'vitest';
import type { StoredEvent } from '../../src/domain/event.ts';
import { counted, inStream, labelled, removed } from './counters.ts';
import { moody, parkedOf, waitUntilFree, withoutPosition, withoutRetries } from './moods.ts';
import { openCounters, trackedPosition } from './open-counters.ts';

test('an event whose handler throws parks its key; all others go on, in the same batch too', async () => {
  const { bad, onFold } = moody();
  bad.add('2 b');
  await using opened = await openCounters({ onFold });
  await opened.append(counted('a', 'b'), counted('a', 'b'), counted('a', 'b', 'c'));
  await opened.append(counted('b', 'c'));
  await opened.settle();
  expect(await opened.rows()).toEqual([
    { id: 'a', total: 3, label: null, position: 3 },
    { id: 'b', total: 1, label: null, position: 1 },
    { id: 'c', total: 2, label: null, position: 4 },
  ]);
  expect(opened.running).toMatchObject({ status: 'LIVE', lastError: null });
  expect(await parkedOf(opened)).toMatchObject([
    { key: 'b', position: 2, type: 'Counted', waiting: 2, asked: null },
  ]);
});

test('what is stored of an error is its code, kind and place: its message may quote personal data', async () => {
  const { bad, onFold } = moody();
  bad.add('1 a');
  await using opened = await openCounters({ onFold });
  await opened.append(counted('a'));
  await opened.settle();
  const [parked] = await parkedOf(opened);
  expect(parked?.error).toMatch(
    /^HANDLER_FAILED: The handler of the projection "counters" for Counted threw RangeError \(moods\.ts:\d+:\d+\) at position 1\.$/,
  );
});

test('nothing that is kept of parked and skipped events quotes what they say', async () => {
  const secret = 'Ada Lovelace';
  const give: Readonly<Record<string, unknown>> = {
    a: { id: 'a', total: secret },
    b: { id: secret, total: 1 },
    c: secret,
  };
  const onFold = (_: StoredEvent, key: string) => {
    if (key === 'd') throw Object.assign(new Error(secret), { name: secret, code: secret });
    return { give: give[key] };
  };
  const onKeys = ({ type }: StoredEvent) => {
    if (type === 'Labelled') throw new Error(`${secret}\n    at ${secret}.ts:1:1`);
    return undefined;
  };
  await using opened = await openCounters({ onFold, onKeys });
  await opened.append(counted('a', 'b', 'c', 'd'), labelled('a', secret));
  await opened.settle();
  expect(await parkedOf(opened)).toHaveLength(5);
  await opened.backend.models.parked.ask('counters', 'skip', 'd');
  await opened.backend.models.parked.ask('counters', 'skip', 'a');
  await vi.waitFor(async () => expect(await parkedOf(opened)).toHaveLength(3), 20_000);
  const kept = await opened.session.execute(
    sql`select p::text from livefold.parked p union all select s::text from livefold.skipped s union all select m::text from livefold.members m`,
  );
  expect(kept.length).toBeGreaterThan(5);
  expect(JSON.stringify(kept)).not.toMatch(/Ada|Lovelace/);
});

test('a handler that has come to its senses is tried again by itself, and its key goes on in order', async () => {
  const { bad, onFold } = moody();
  bad.add('1 a');
  await using opened = await openCounters({ onFold });
  await opened.append(counted('a'), labelled('a', 'x'), counted('a'));
  await opened.settle();
  expect(await opened.rows()).toEqual([]);
  bad.clear();
  await waitUntilFree(opened);
  expect(await opened.rows()).toMatchObject([{ id: 'a', total: 2, label: 'x' }]);
  await opened.append(counted('a'));
  await opened.settle();
  expect(await opened.rows()).toMatchObject([{ id: 'a', total: 3, label: 'x' }]);
});

test('it is tried five times; then it stays until somebody asks', async () => {
  const { bad, onFold } = moody();
  bad.add('1 a');
  await using opened = await openCounters({ onFold });
  await opened.append(counted('a'));
  await opened.settle();
  await vi.waitFor(async () => {
    // The pauses grow: here they are over at once.
    await opened.session.execute(
      sql`update livefold.parked set next_try = clock_timestamp() where next_try is not null`,
    );
    await opened.session.execute(sql`select pg_notify('livefold_news', 'parked counters')`);
    expect(await parkedOf(opened)).toMatchObject([{ failures: 6, nextTry: null }]);
  }, 30_000);
  bad.clear();
  expect(await opened.backend.models.parked.ask('counters', 'retry', 'a')).toBe(1);
  await waitUntilFree(opened);
  expect(await opened.rows()).toMatchObject([{ id: 'a', total: 1 }]);
});

test('a retry that fails further on keeps what it has folded, and the rest in order', async () => {
  const { bad, onFold } = moody();
  for (const one of ['1 a', '3 a']) bad.add(one);
  await using opened = await openCounters({ onFold });
  await withoutRetries(opened);
  await opened.append(counted('a'), counted('a'), counted('a'), labelled('a', 'x'));
  await opened.settle();
  bad.delete('1 a');
  await opened.backend.models.parked.ask('counters', 'retry', 'a');
  await vi.waitFor(async () =>
    expect(await parkedOf(opened)).toMatchObject([{ key: 'a', position: 3, failures: 1, waiting: 1 }]),
  );
  expect(await opened.rows()).toMatchObject([{ id: 'a', total: 2, label: null }]);
  bad.clear();
  await opened.backend.models.parked.ask('counters', 'retry');
  await waitUntilFree(opened);
  expect(await opened.rows()).toMatchObject([{ id: 'a', total: 3, label: 'x' }]);
});

test('an event that is skipped is left out of its key for good, and written down', async () => {
  const { bad, onFold } = moody();
  bad.add('2 a');
  await using opened = await openCounters({ onFold });
  await opened.append(counted('a', 'b'), counted('a', 'b'), counted('a'));
  await opened.settle();
  await opened.backend.models.parked.ask('counters', 'skip', 'a');
  await waitUntilFree(opened);
  expect(await opened.rows()).toMatchObject([
    { id: 'a', total: 2 },
    { id: 'b', total: 2 },
  ]);
  expect(await opened.backend.models.parked.skipped('counters')).toEqual([{ key: 'a', position: 2 }]);
});

test.each([
  ['undefined', undefined],
  ['a number', 7],
  ['an empty text', ''],
  ['null within a list', ['a', null]],
  ['a text with NUL', 'a\0'],
])('keys that are %s park the stream, and say so', async (_, give) => {
  let isMad = true;
  const onKeys = ({ position }: StoredEvent) => (isMad && position === 2 ? { give } : undefined);
  await using opened = await openCounters({ onKeys });
  await opened.append(counted('a'), counted('a'), inStream('Other', counted('a', 'b')));
  await opened.append(counted('a'));
  await opened.settle();
  expect(await opened.rows()).toMatchObject([
    { id: 'a', total: 2 },
    { id: 'b', total: 1 },
  ]);
  const [parked, ...others] = await parkedOf(opened);
  expect(others).toEqual([]);
  expect(parked).toMatchObject({ key: 'stream:Counters', position: 2, waiting: 1 });
  expect(parked?.error).toMatch(
    /^INVALID_KEY: The projection "counters" gave .+ as a key for Counted at position 2/,
  );
  isMad = false;
  await waitUntilFree(opened);
  expect(await opened.rows()).toMatchObject([
    { id: 'a', total: 4 },
    { id: 'b', total: 1 },
  ]);
});

test('a stream that is freed queues behind a key that is parked itself', async () => {
  const { bad, onFold } = moody();
  let isMad = true;
  const onKeys = ({ position }: StoredEvent) => {
    if (isMad && position === 1) throw new Error('mad');
    return undefined;
  };
  bad.add('3 a');
  await using opened = await openCounters({ onKeys, onFold });
  await opened.append(counted('a'), counted('a', 'b'), inStream('Other', counted('a')));
  await opened.settle();
  isMad = false;
  await vi.waitFor(async () => expect(await parkedOf(opened)).toMatchObject([{ key: 'a' }]), 30_000);
  // Of `a`, the stream's events may have been tried again by now; what parked it has not been folded.
  const rows = await opened.rows();
  expect(rows.find(({ id }) => id === 'b')).toMatchObject({ total: 1 });
  expect(rows.find(({ id }) => id === 'a')?.total ?? 2).toBe(2);
  bad.clear();
  await waitUntilFree(opened);
  expect(await opened.rows()).toMatchObject([
    { id: 'a', total: 3 },
    { id: 'b', total: 1 },
  ]);
});

test.each([
  ['a text', 'x', 'INVALID_ROW'],
  ['a list', [], 'INVALID_ROW'],
  ['a promise', Promise.resolve({ id: 'a', total: 1 }), 'INVALID_ROW'],
  ['a row of another key', { id: 'b', total: 1 }, 'INVALID_ROW'],
  ['a row that lacks a column', { id: 'a' }, 'INVALID_ROW'],
  ['a value that its column cannot hold', { id: 'a', total: 'many' }, 'ROW_REFUSED'],
  ['a number that its column cannot hold', { id: 'a', total: 2 ** 40 }, 'ROW_REFUSED'],
])('a fold that gives %s parks the key at that event', async (_, give, code) => {
  let isMad = true;
  const onFold = ({ position }: StoredEvent, key: string) =>
    isMad && position === 2 && key === 'a' ? { give } : undefined;
  await using opened = await openCounters({ onFold });
  await opened.append(counted('a', 'b'), counted('a', 'b'), counted('a', 'b'));
  await opened.settle();
  expect(await opened.rows()).toMatchObject([
    { id: 'a', total: 1, position: 1 },
    { id: 'b', total: 3 },
  ]);
  const [parked] = await parkedOf(opened);
  expect(parked).toMatchObject({ key: 'a', position: 2, waiting: 1 });
  expect(parked?.error).toContain(`${code}: `);
  isMad = false;
  await waitUntilFree(opened);
  expect(await opened.rows()).toMatchObject([
    { id: 'a', total: 3 },
    { id: 'b', total: 3 },
  ]);
});

test('rows that a constraint refuses are found among many; the rest of the batch is stored', async () => {
  await using opened = await openCounters();
  await opened.session.execute(sql`alter table counters add constraint small check (total < 4)`);
  const names = Array.from({ length: 60 }, (_, n) => `c${n}`);
  const odd = ['c7', 'c33', 'c34'];
  await opened.append(
    ...Array.from({ length: 5 }, (_, n) => counted(...(n < 3 ? names : odd))),
    removed('c1'),
  );
  await opened.settle();
  expect(await opened.rows()).toEqual(
    names
      .filter((id) => id !== 'c1')
      .map((id) => ({ id, total: 3, label: null, position: 3 }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  );
  const parked = await parkedOf(opened);
  expect(parked.map(({ key, position, waiting }) => [key, position, waiting])).toEqual(
    odd.toSorted().map((key) => [key, 4, 1]),
  );
  expect(parked[0]?.error).toBe(
    'ROW_REFUSED: The database refuses a row of the projection "counters": SQLSTATE 23514, constraint "small".',
  );
  await opened.session.execute(sql`alter table counters drop constraint small`);
  await opened.backend.models.parked.ask('counters', 'retry');
  await waitUntilFree(opened);
  const folded = await opened.folded();
  expect(withoutPosition(await opened.rows())).toEqual(withoutPosition(folded));
});

test('two rows that cannot be there together: the later one is parked', async () => {
  await using opened = await openCounters();
  await opened.session.execute(sql`create unique index one_label on counters (label)`);
  await opened.append(counted('a', 'b', 'c'), labelled('a', 'x'), labelled('b', 'x'), counted('b', 'c'));
  await opened.settle();
  expect(await opened.rows()).toMatchObject([
    { id: 'a', total: 1, label: 'x' },
    { id: 'b', total: 1, label: null },
    { id: 'c', total: 2 },
  ]);
  await opened.append(labelled('a', 'y'));
  await waitUntilFree(opened);
  expect(await opened.rows()).toMatchObject([
    { id: 'a', label: 'y' },
    { id: 'b', total: 2, label: 'x' },
    { id: 'c', total: 2 },
  ]);
});

test('a handler that never returns is broken off, and its key parked', async () => {
  let isMad = true;
  const onFold = ({ position }: StoredEvent, key: string) => {
    while (isMad && position === 2 && key === 'a');
    return undefined;
  };
  await using opened = await openCounters({ onFold, timeout: 300 });
  await opened.append(counted('a', 'b'), counted('a', 'b'), counted('a', 'b'));
  await opened.settle();
  expect(await opened.rows()).toMatchObject([
    { id: 'a', total: 1 },
    { id: 'b', total: 3 },
  ]);
  const [parked] = await parkedOf(opened);
  expect(parked?.error).toBe(
    'FOLD_TIMED_OUT: The handler of the projection "counters" for Counted did not return within 300 ms at position 2, and was broken off.',
  );
  isMad = false;
  await waitUntilFree(opened);
  expect(await opened.rows()).toMatchObject([
    { id: 'a', total: 3 },
    { id: 'b', total: 3 },
  ]);
});

test('a projection can have everything wait for what it knows to pass', async () => {
  const { bad, onFold } = moody();
  bad.add('2 b');
  const codes: string[] = [];
  const onError = ({ code, cause }: { readonly code: string; readonly cause?: unknown }) => {
    codes.push(`${code} ${cause instanceof RangeError}`);
    return 'retry' as const;
  };
  await using opened = await openCounters({ onFold, onError });
  await opened.append(counted('a'), counted('b'));
  await vi.waitFor(() => expect(opened.running.status).toBe('RETRYING'), 10_000);
  expect(await trackedPosition(opened.session)).toBe(0);
  expect(opened.running.lastError).toContain('RangeError');
  expect(new Set(codes)).toEqual(new Set(['HANDLER_FAILED true']));
  bad.clear();
  await opened.settle();
  expect(await opened.rows()).toEqual(await opened.folded());
});

test('a projection can stop at an error, and says at which', async () => {
  const { bad, onFold } = moody();
  bad.add('2 b');
  await using opened = await openCounters({ onFold, onError: () => 'stop' });
  await opened.append(counted('a'));
  await opened.settle();
  await opened.append(counted('b'));
  await vi.waitFor(() => expect(opened.running.status).toBe('STOPPED'), 10_000);
  expect(opened.running.lastError).toMatch(/RangeError .+ at position 2\. The projection "counters" stops/);
  expect(await trackedPosition(opened.session)).toBe(1);
});

test('what is parked outlives its process', async () => {
  const { bad, onFold } = moody();
  bad.add('1 a');
  await using first = await openCounters({ onFold });
  await withoutRetries(first);
  await first.append(counted('a', 'b'));
  await first.settle();
  await first.backend.stop();
  await using second = await openCounters({ url: first.url });
  await second.append(counted('a', 'b'));
  await second.settle();
  expect(await second.rows()).toMatchObject([{ id: 'b', total: 2 }]);
  expect(await parkedOf(second)).toMatchObject([{ key: 'a', waiting: 1 }]);
  await second.backend.models.parked.ask('counters', 'retry', 'a');
  await waitUntilFree(second);
  expect(await second.rows()).toMatchObject([
    { id: 'a', total: 2 },
    { id: 'b', total: 2 },
  ]);
});

test.each([
  {
    action: 'retry',
    of: 'the event that it stops at',
    bad: '1 a',
    tried: ['1 a', '1 a'],
    total: [],
    left: [1],
  },
  { action: 'retry', of: 'a later one', bad: '2 a', tried: ['1 a', '2 a', '2 a'], total: [1], left: [2] },
  {
    action: 'skip',
    of: 'the event that it stops at',
    bad: '1 a',
    tried: ['1 a', '2 a'],
    total: [1],
    left: [],
  },
  { action: 'skip', of: 'one that it frees', bad: '2 a', tried: ['1 a', '2 a'], total: [1], left: [2] },
] as const)('a $action that is asked for during a retry is done behind it: of $of', async (given) => {
  const { bad, onFold } = moody();
  const folded: string[] = [];
  bad.add('1 a');
  await using opened = await openCounters({
    onFold(event, key) {
      folded.push(`${event.position} ${key}`);
      return onFold(event, key);
    },
  });
  await opened.append(counted('a'), counted('a'));
  await opened.settle();
  // So often that it is not tried by itself any more.
  await opened.session.execute(sql`update livefold.parked set next_try = null, failures = 10`);
  const [before] = folded.splice(0);
  expect(before).toBe('1 a');
  bad.clear();
  bad.add(given.bad);
  const { parked } = opened.backend.models;
  await opened.session.transaction(async (transaction) => {
    await transaction.execute(sql`lock table counters in access exclusive mode`);
    await parked.ask('counters', 'retry');
    const waiting = sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await vi.waitFor(async () => expect(await opened.session.execute(waiting)).toHaveLength(1), 20_000);
    await parked.ask('counters', given.action);
  });
  await vi.waitFor(async () => {
    const left = await parkedOf(opened);
    expect(left.map(({ position, asked }) => ({ position, asked }))).toEqual(
      given.left.map((position) => ({ position, asked: null })),
    );
    expect((await opened.rows()).map(({ total }) => total)).toEqual(given.total);
    expect(folded).toEqual(given.tried);
  }, 20_000);
});
