import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ProcessManager, processManager } from '../../../src/consumption/process-manager.ts';
import { eventually } from '../spread.ts';
import { Knocked, knock, Left, leave, turnAway } from './doors.ts';
import { type House, openHouse } from './open-house.ts';

let house: House;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house[Symbol.asyncDispose]());

const later = (milliseconds: number): Date => new Date(house.now.getTime() + milliseconds);
const becomes = (...told: readonly string[]) =>
  eventually(async () => expect(await house.told()).toEqual(told));
/** Until a manager has reacted to all that is on the log. */
const settle = (manager: ProcessManager<never>) =>
  eventually(async () => expect(await house.position(manager)).toBe((await house.events()).length));

/** Turns a guest away who has not left after so long, whatever has become of the guest since. */
function patient(milliseconds: number) {
  return processManager<number>('patient')
    .on(
      Knocked,
      ({ data }) => data.guest,
      () => ({ state: 1, schedule: [{ name: 'late', at: later(milliseconds) }] }),
    )
    .on(
      Left,
      ({ data }) => data.guest,
      () => ({ state: null }),
    )
    .onTimer('late', (_, guest) => ({ state: null, send: [turnAway(guest)] }));
}

test('events and timers of one process do not overwrite what the other one left', async () => {
  type Counts = { readonly knocks: number; readonly ticks: number };
  const manager = processManager<Counts>('counting')
    .on(
      Knocked,
      ({ data }) => data.guest,
      ({ knocks, ticks } = { knocks: 0, ticks: 0 }) => ({
        state: { knocks: knocks + 1, ticks },
        ...(knocks === 0 && { schedule: [{ name: 'tick', at: new Date(0) }] }),
      }),
    )
    .onTimer('tick', ({ knocks, ticks } = { knocks: 0, ticks: 0 }) => ({
      state: { knocks, ticks: ticks + 1 },
      ...(ticks < 99 && { schedule: [{ name: 'tick', at: new Date(ticks) }] }),
    }));
  await using _ = await house.run(manager);
  for (let n = 0; n < 100; n += 1) await house.execute(knock('ada'));
  await eventually(async () =>
    expect(await house.state(manager, 'ada')).toEqual({ knocks: 100, ticks: 100 }),
  );
});

test('what came in time is heard before a timer fires, though nobody looked for eight days', async () => {
  const manager = patient(1_000);
  const run = await house.run(manager);
  await house.execute(knock('ada'));
  await house.execute(knock('bob'));
  await eventually(async () => expect(await house.timers()).toHaveLength(2));
  await run.stop();
  await house.execute(leave('ada'));
  house.now = later(8 * 24 * 60 * 60 * 1_000);
  await using _ = await house.run(manager);
  await becomes('Knocked ada', 'Knocked bob', 'Left ada', 'TurnedAway bob');
  await eventually(async () => expect(await house.timers()).toEqual([]));
});

test('what came in time is heard before a timer fires, however far behind the process manager is', async () => {
  const manager = patient(1_000);
  const run = await house.run(manager);
  await house.execute(knock('ada'));
  await eventually(async () => expect(await house.timers()).toHaveLength(1));
  await run.stop();
  // More than a page of the log.
  for (let n = 0; n < 9; n += 1) await house.execute(Array.from({ length: 1_000 }, () => leave('bob')));
  await house.execute(leave('ada'));
  house.now = later(1_000);
  await using _ = await house.run(manager);
  await settle(manager as ProcessManager<never>);
  expect(await house.told()).not.toContain('TurnedAway ada');
});

test('a timer in the past fires at once', async () => {
  await using _ = await house.run(patient(-1_000));
  await house.execute(knock('ada'));
  await becomes('Knocked ada', 'TurnedAway ada');
});

test('a clock that is set back makes timers wait, and one that is set forward fires them', async () => {
  const manager = patient(1_000);
  await using _ = await house.run(manager);
  await house.execute(knock('ada'));
  await eventually(async () => expect(await house.timers()).toEqual(['ada late']));
  const due = later(1_000);
  house.now = later(-60_000);
  await house.execute(leave('bob'));
  await settle(manager as ProcessManager<never>);
  await eventually(async () => expect(await house.timers()).toEqual(['ada late']));
  house.now = due;
  house.ring();
  await becomes('Knocked ada', 'Left bob', 'TurnedAway ada');
});

test('over a thousand timers that are due at once fire a hundred at a time, each once, in their order', async () => {
  const manager = processManager<number>('many')
    .on(
      Knocked,
      ({ data }) => data.guest,
      () => ({
        state: 0,
        schedule: ['c', 'a', 'b'].map((name, index) => ({ name, at: later(index) })),
      }),
    )
    .onTimer('a', (_, guest) => ({ send: [turnAway(guest, 'a')] }))
    .onTimer('b', (_, guest) => ({ send: [turnAway(guest, 'b')] }))
    .onTimer('c', (_, guest) => ({ send: [turnAway(guest, 'c')] }));
  const guests = Array.from({ length: 400 }, (_, n) => `guest ${n}`);
  const run = await house.run(manager);
  await house.execute(guests.map(knock));
  await eventually(async () => expect(await house.timers()).toHaveLength(1_200));
  await run.stop();
  house.now = later(10);
  const rounds: number[] = [];
  await using _ = await house.run(manager, {
    store: {
      fire: async (name, options) => {
        const timers = await house.store.fire(name, options);
        rounds.push(timers?.length ?? 0);
        return timers;
      },
    },
  });
  await eventually(async () => expect(await house.timers()).toEqual([]));
  const told = (await house.events()).slice(400).map(({ data }) => Object(data));
  expect(told).toHaveLength(1_200);
  const byGuest = Map.groupBy(told, ({ guest }) => guest);
  expect([...byGuest.keys()].sort()).toEqual(guests.toSorted());
  for (const one of byGuest.values()) expect(one.map(({ why }) => why)).toEqual(['c', 'a', 'b']);
  expect(Math.max(...rounds)).toBeLessThanOrEqual(100);
});

test('a timer that another one of its process takes back, due at the same time, does not fire', async () => {
  const manager = processManager<number>('first')
    .on(
      Knocked,
      ({ data }) => data.guest,
      () => ({ state: 0, schedule: ['a', 'b', 'c'].map((name) => ({ name, at: later(0) })) }),
    )
    .onTimer('a', (_, guest) => ({ unschedule: ['b'], send: [turnAway(guest, 'a')] }))
    .onTimer('b', (_, guest) => ({ send: [turnAway(guest, 'b')] }))
    .onTimer('c', (_, guest) => ({ state: null, send: [turnAway(guest, 'c')] }));
  await using _ = await house.run(manager);
  await house.execute(knock('ada'));
  const reasons = async () => (await house.events()).map(({ data }) => Object(data).why);
  await eventually(async () => expect((await reasons()).at(-1)).toBe('c'));
  await eventually(async () => expect(await house.timers()).toEqual([]));
  await eventually(async () => expect(await house.state(manager, 'ada')).toBeUndefined());
  expect(await reasons()).toEqual([undefined, 'a', 'c']);
});

test('a timer whose reaction was not stored fires again before anything that came since', async () => {
  const manager = processManager<number>('replayed')
    .on(
      Knocked,
      ({ data }) => data.guest,
      (knocks = 0) => ({ state: knocks + 1, schedule: knocks === 0 ? [{ name: 'late', at: later(0) }] : [] }),
    )
    .onTimer('late', (knocks, guest) => ({ send: [turnAway(guest, `after ${knocks}`)] }));
  let isBroken = false;
  await using run = await house.run(manager, {
    store: {
      commit: async (name, batch) => {
        if (isBroken || batch.to > batch.after) return house.store.commit(name, batch);
        isBroken = true;
        await house.execute(knock('ada'));
        throw new Error('the timer is not committed');
      },
    },
  });
  await house.execute(knock('ada'));
  await eventually(async () => expect(await house.state(manager, 'ada')).toBe(2));
  await settle(manager as ProcessManager<never>);
  expect((await house.events()).map(({ data }) => Object(data).why)).toEqual([
    undefined,
    'after 1',
    undefined,
  ]);
  await eventually(async () => expect(await house.timers()).toEqual([]));
  expect(run.states).toContainEqual({ status: 'RETRYING', lastError: 'the timer is not committed' });
});

test('timers of a name that nobody knows wait, with a warning, for a program that does', async () => {
  const knowing = patient(1_000);
  // The same one, in a program that has another name for the timer.
  const renamed = processManager<number>(knowing.name)
    .on(
      Knocked,
      ({ data }) => data.guest,
      () => ({ schedule: [{ name: 'lost', at: later(0) }] }),
    )
    .onTimer('overdue', () => ({ state: null }));
  const first = await house.run(knowing);
  await house.execute(knock('ada'));
  await eventually(async () => expect(await house.timers()).toEqual(['ada late']));
  await first.stop();
  expect(first.warnings).toEqual([]);
  house.now = later(1_000);
  const second = await house.run(renamed);
  await house.execute(knock('bob'));
  await eventually(async () => expect(await house.timers()).toEqual(['ada late', 'bob lost']));
  await second.stop();
  expect(second.warnings).toEqual([
    { processManager: 'patient', timers: ['late'] },
    { processManager: 'patient', timers: ['lost'] },
  ]);
  await using _ = await house.run(knowing);
  await becomes('Knocked ada', 'Knocked bob', 'TurnedAway ada');
  await eventually(async () => expect(await house.timers()).toEqual(['bob lost']));
});

test('the timers of a process end with it, also when another one begins in the same batch', async () => {
  const manager = processManager<number>('again')
    .on(
      Knocked,
      ({ data }) => data.guest,
      (times = 0, { data }) => ({
        state: times + 1,
        schedule: [{ name: data.guest === 'ada' && times === 0 ? 'late' : 'other', at: later(1_000) }],
      }),
    )
    .on(
      Left,
      ({ data }) => data.guest,
      () => ({ state: null }),
    )
    .onTimer('late', (_, guest) => ({ send: [turnAway(guest)] }))
    .onTimer('other', () => ({}));
  const run = await house.run(manager);
  await house.execute(knock('bob'));
  await house.execute(knock('bob'));
  await eventually(async () => expect(await house.timers()).toEqual(['bob other']));
  // In one append, so in one batch.
  await house.execute([leave('bob'), knock('ada'), leave('ada'), knock('bob')]);
  await settle(manager as ProcessManager<never>);
  await eventually(async () => expect(await house.state(manager, 'bob')).toBe(1));
  await eventually(async () => expect(await house.timers()).toEqual(['bob other']));
  await run.stop();
});

test('a process whose key is as long as a stream id can have timers', async () => {
  const guest = 'x'.repeat(250);
  await using _ = await house.run(patient(0));
  await house.execute(knock(guest));
  await becomes(`Knocked ${guest}`, `TurnedAway ${guest}`);
});
