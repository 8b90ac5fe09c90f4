import { expect, test, vi } from 'vitest';
import { Watch } from '../../src/consumption/watch.ts';
import { frameAt } from '../../src/graphql/frame.ts';
import { LiveGroup } from '../../src/graphql/live-group.ts';
import { type Cursor, liveSource } from '../../src/graphql/live-source.ts';
import { LiveSubscription } from '../../src/graphql/live-subscription.ts';
import type { Outlet } from '../../src/graphql/outlet.ts';
import { SharedResult } from '../../src/graphql/shared-result.ts';
import { Bell, nextTurn } from '../../src/kernel/async.ts';

/** The numbers 1, 2, 3, … as they come: a frame each. */
class Numbers {
  last = 0;
  epoch = 0;
  executions = 0;
  fault: Error | undefined;
  readonly watches = new Set<Watch>();
  readonly closing = new AbortController();
  /** Comes between reading a frame and having executed it. */
  meanwhile = (): void => {};
  readonly source = liveSource(
    {
      start: at(0),
      restart: (cursor) => cursor,
      epoch: () => this.epoch,
      watch: () => {
        const watch = new Watch(() => this.watches.delete(watch));
        this.watches.add(watch);
        return watch;
      },
      next: async ({ position }) => {
        if (this.fault !== undefined) throw this.fault;
        if (position >= this.last) return { steps: [], cursor: at(position) };
        const count = Math.min(4, this.last - position);
        const steps = Array.from({ length: count }, (_, index) => {
          const cursor = at(position + 1 + index);
          const root = frameAt(cursor.position, { n: `${cursor.position}.${this.epoch}` });
          return { root, cursor, replaces: false };
        });
        return { steps, cursor: at(position + count) };
      },
    },
    this.closing.signal,
  );
  readonly group = new LiveGroup({
    source: this.source,
    signal: this.closing.signal,
    toResult: async ({ root }) => {
      this.executions += 1;
      await nextTurn();
      this.meanwhile();
      return new SharedResult({ data: { ...root } });
    },
  });

  say(): void {
    this.last += 1;
    for (const watch of this.watches) watch.hear({ after: this.last - 1, to: this.last });
  }

  listen(start = 0): Listener {
    return new Listener(this.group, start);
  }
}

const at = (position: number): Cursor => ({ position, live: true, snapshot: null });

class Listener implements Outlet {
  isFree = true;
  readonly freed = new Bell();
  readonly results: SharedResult[] = [];
  readonly subscription: LiveSubscription;
  readonly done: Promise<unknown>;

  constructor(group: LiveGroup, start: number) {
    this.subscription = new LiveSubscription({
      place: { group, leave: () => {} },
      outlet: this,
      start: at(start),
      toFailure: (error) => ({ data: { failed: String(error) } }),
      onOver: () => {},
    });
    this.done = Array.fromAsync(this.subscription);
  }

  get heard(): readonly string[] {
    return this.results.map(({ messageEnd }) => String(messageEnd).match(/"n":"(\d+)\./)?.[1] ?? '');
  }

  whenFree(): Promise<void> {
    return this.freed.wait(this.freed.rings);
  }

  send(result: SharedResult): void {
    if (!this.isFree) throw new Error('sent to one who takes nothing');
    this.results.push(result);
  }

  free(): void {
    this.isFree = true;
    this.freed.ring();
  }
}

const upTo = (last: number): readonly string[] => Array.from({ length: last }, (_, index) => `${index + 1}`);
const hears = (listener: Listener, expected: readonly string[]) =>
  vi.waitFor(() => expect(listener.heard).toEqual(expected), { interval: 1 });

test('a change is executed once for all who are up to date, and all get the same bytes', async () => {
  const numbers = new Numbers();
  const listeners = Array.from({ length: 600 }, () => numbers.listen());
  for (let n = 1; n <= 5; n += 1) {
    numbers.say();
    for (const listener of listeners) await hears(listener, upTo(n));
  }
  expect(numbers.executions).toBe(5);
  const [one, other] = listeners.map(({ results }) => results[4]);
  expect(one?.messageEnd).toBe(other?.messageEnd);
  expect(numbers.watches.size).toBe(1);
});

test('those who begin at the same place at the same time share what they catch up with', async () => {
  const numbers = new Numbers();
  for (let n = 1; n <= 5; n += 1) numbers.say();
  const listeners = Array.from({ length: 50 }, () => numbers.listen());
  for (const listener of listeners) await hears(listener, upTo(5));
  expect(numbers.executions).toBe(5);
});

test('who comes while changes come misses none and gets none twice', async () => {
  const numbers = new Numbers();
  const listeners = [numbers.listen()];
  for (let n = 1; n <= 200; n += 1) {
    numbers.say();
    if (n % 7 === 0) listeners.push(numbers.listen());
    if (n % 3 === 0) await nextTurn();
    if (n % 11 === 0) for (let turn = 0; turn < 8; turn += 1) await nextTurn();
  }
  for (const listener of listeners) await hears(listener, upTo(200));
});

test('who is further than the group when it joins does not hear what it has', async () => {
  const numbers = new Numbers();
  const first = numbers.listen();
  await nextTurn();
  let isExecuting = false;
  numbers.meanwhile = () => {
    // The first change is read, and not yet told.
    if (!isExecuting) further ??= numbers.listen(1);
    isExecuting = true;
  };
  let further: Listener | undefined;
  numbers.say();
  await hears(first, upTo(1));
  numbers.say();
  await hears(first, upTo(2));
  if (further !== undefined) await hears(further, ['2']);
  expect(further).toBeDefined();
});

test('nobody joins whom the group has passed', async () => {
  const numbers = new Numbers();
  const listener = numbers.listen();
  numbers.say();
  await hears(listener, upTo(1));
  const member = (cursor: Cursor) => ({ cursor, take: () => true, catchUp: () => {}, fail: () => {} });
  expect(numbers.group.join(member(at(0)))).toBe(false);
  expect(numbers.group.join(member({ ...at(1), revision: 0 }))).toBe(true);
});

test('who takes nothing is sent nothing, holds nobody up, and goes on where it was', async () => {
  const numbers = new Numbers();
  const [slow, fast] = [numbers.listen(), numbers.listen()];
  numbers.say();
  await hears(slow, upTo(1));
  slow.isFree = false;
  for (let n = 2; n <= 20; n += 1) {
    numbers.say();
    await hears(fast, upTo(n));
  }
  expect(slow.heard).toEqual(upTo(1));
  slow.free();
  await hears(slow, upTo(20));
  numbers.say();
  await hears(slow, upTo(21));
  // The last one for both together.
  expect(numbers.executions).toBe(20 + 19 + 1);
});

test('who falls behind while it catches up waits too', async () => {
  const numbers = new Numbers();
  for (let n = 1; n <= 5; n += 1) numbers.say();
  const listener = numbers.listen();
  const { send } = listener;
  listener.send = (result) => {
    send.call(listener, result);
    listener.isFree = listener.results.length !== 3;
  };
  await hears(listener, upTo(3));
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  expect(listener.heard).toEqual(upTo(3));
  listener.free();
  await hears(listener, upTo(5));
});

test('what must not be told any more when it is ready is made anew', async () => {
  const numbers = new Numbers();
  const listener = numbers.listen();
  numbers.meanwhile = () => {
    numbers.epoch = 1;
  };
  numbers.say();
  await hears(listener, upTo(1));
  expect(String(listener.results[0]?.messageEnd)).toContain('"1.1"');
});

test('a source that fails ends those who listen with its error, and those who come again begin anew', async () => {
  const numbers = new Numbers();
  const listener = numbers.listen();
  numbers.say();
  await hears(listener, upTo(1));
  numbers.fault = new Error('broken');
  numbers.say();
  expect(await listener.done).toEqual([{ data: { failed: 'Error: broken' } }]);
  numbers.fault = undefined;
  await hears(numbers.listen(1), ['2']);
});

test('who leaves hears no more, and when all have left nothing waits', async () => {
  const numbers = new Numbers();
  const [leaving, staying] = [numbers.listen(), numbers.listen()];
  numbers.say();
  await hears(leaving, upTo(1));
  await leaving.subscription.return();
  expect(await leaving.done).toEqual([]);
  numbers.say();
  await hears(staying, upTo(2));
  expect(leaving.heard).toEqual(upTo(1));
  await staying.subscription.return();
  numbers.closing.abort();
  await vi.waitFor(() => expect(numbers.watches.size).toBe(0));
});
