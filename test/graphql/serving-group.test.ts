import { expect, test, vi } from 'vitest';
import { Session } from '../../src/graphql/auth/session.ts';
import { liveField } from '../../src/graphql/live-field.ts';
import { LiveGroup } from '../../src/graphql/live-group.ts';
import type { LiveFrame } from '../../src/graphql/live-rows.ts';
import { cursorBehind } from '../../src/graphql/live-rows.ts';
import { isLiveSource } from '../../src/graphql/live-source.ts';
import { LiveSubscription } from '../../src/graphql/live-subscription.ts';
import type { Outlet } from '../../src/graphql/outlet.ts';
import { SharedResult } from '../../src/graphql/shared-result.ts';
import { Bell } from '../../src/kernel/async.ts';
import { counted, labelled } from '../consumption/counters.ts';
import { type OpenCounters, openCounters } from '../consumption/open-counters.ts';

/** Those who watch the counters with a label, in one process. */
async function openGroup({ backend, counters }: OpenCounters, label: string) {
  const { signal } = new AbortController();
  const context = { backend, session: new Session(), correlationId: '', resumeAfter: null, signal };
  const filter = { label: { eq: label } };
  const source = await liveField('counters', counters).subscribe(undefined, { filter }, context);
  if (!isLiveSource(source)) throw new Error('no live source');
  let executions = 0;
  const group = new LiveGroup({
    source,
    signal,
    toResult: async ({ root }) => {
      executions += 1;
      return new SharedResult({ data: { ...root } });
    },
  });
  return {
    get executions() {
      return executions;
    },
    /** One who comes, or comes back with a position, and the frames that reach it. */
    enter(after?: number): readonly LiveFrame[] {
      const frames: LiveFrame[] = [];
      const outlet: Outlet = {
        isFree: true,
        whenFree: async () => {},
        send: ({ messageEnd }) => void frames.push(JSON.parse(`{"a":${messageEnd}`).a.data.counters),
      };
      const subscription = new LiveSubscription({
        ...{ place: { group, leave: () => {} }, outlet, start: cursorBehind(after) },
        toFailure: (error) => ({ data: { failed: String(error) } }),
        onOver: () => {},
      });
      void Array.fromAsync(subscription);
      return frames;
    },
  };
}

const has = (frames: readonly LiveFrame[], count: number) =>
  vi.waitFor(() => expect(frames).toHaveLength(count), { timeout: 20_000, interval: 2 });

test('who joins a group that never had a row which it has itself is told that it is gone', async () => {
  await using one = await openCounters();
  await using other = await openCounters({ url: one.url });
  await one.append(counted('r'), labelled('r', 'y'));
  await Promise.all([one.settle(), other.settle()]);
  const group = await openGroup(other, 'x');
  const fresh = group.enter();
  await has(fresh, 1);

  const gate = new Bell();
  const { changesSince } = other.backend.models;
  vi.spyOn(other.backend.models, 'changesSince').mockImplementation(async (projection, after, options) => {
    // The feed reads late, so that it does not know yet what whoever comes back has read.
    if (after === 2) await gate.wait(0);
    const found = await changesSince(projection, after, options);
    // The position is read before the rows.
    return after === 1 && found !== null ? { ...found, position: 2 } : found;
  });
  await one.append(labelled('r', 'x'));
  await one.settle();
  const back = group.enter(1);
  await has(back, 1);
  expect(back[0]).toMatchObject({ kind: 'DELTA', position: 2, upserted: [{ id: 'r' }] });
  await one.append(labelled('r', 'y'));
  await one.settle();
  gate.ring();
  await has(back, 2);
  expect(back[1]).toMatchObject({ kind: 'DELTA', upserted: [], removed: ['r'] });
});

test('a group that has come to rest is told what concerns it and nothing else', async () => {
  await using one = await openCounters();
  await using other = await openCounters({ url: one.url });
  await one.append(counted('a', 'b'), labelled('a', 'x'));
  await Promise.all([one.settle(), other.settle()]);
  const group = await openGroup(other, 'x');
  const [first, second] = [group.enter(), group.enter()];
  await has(first, 1);
  await has(second, 1);
  // Once the table was read twice behind who came last, it is known what the group has.
  for (const label of ['y', 'z', 'w']) {
    await one.append(labelled('b', label));
    await Promise.all([one.settle(), other.settle()]);
  }
  const before = group.executions;
  const told = first.length;
  for (const label of ['y', 'z', 'w']) {
    await one.append(labelled('b', label));
    await Promise.all([one.settle(), other.settle()]);
  }
  expect([group.executions, first.length]).toEqual([before, told]);
  await one.append(labelled('a', 'y'));
  for (const frames of [first, second])
    await vi.waitFor(() => expect(frames.at(-1)).toMatchObject({ removed: ['a'] }), 20_000);
});
