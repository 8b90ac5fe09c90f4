import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { processManager } from '../../../src/consumption/process-manager.ts';
import { LivefoldError } from '../../../src/kernel/errors.ts';
import { startBackend } from '../../../src/main/start-backend.ts';
import { withoutRetries } from '../moods.ts';
import { eventually } from '../spread.ts';
import { doorEvents, enter, Knocked, knock, Left, leave, turnAway } from './doors.ts';
import { type House, openHouse } from './open-house.ts';

let house: House;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house[Symbol.asyncDispose]());

const consumer = 'process:moody';
const becomes = (...told: readonly string[]) =>
  eventually(async () => expect(await house.told()).toEqual(told));
const parked = () => house.parked.list(consumer, { first: 10 });
const isFree = () => eventually(async () => expect(await parked()).toEqual([]));
async function ask(action: 'retry' | 'skip'): Promise<void> {
  expect(await house.parked.ask(consumer, action)).toBe(1);
  house.ring();
}

/** Notes what each guest does, and throws at some of it. */
function moody() {
  const bad = new Set<string>();
  const at = (guest: string, what: string): void => {
    if (bad.has(`${what} ${guest}`)) throw new RangeError(`${guest} is no number`);
  };
  const manager = processManager<string>('moody')
    .on(
      Knocked,
      ({ data }) => data.guest,
      (told = '', { data: { guest } }) => {
        at(guest, 'knock');
        return { state: `${told}K`, schedule: [{ name: 'late', at: house.now }] };
      },
    )
    .on(
      Left,
      ({ data: { guest } }) => {
        at(guest, 'key');
        return guest;
      },
      (told = '') => ({ state: `${told}L` }),
    )
    .onTimer('late', (told = '', guest) => {
      at(guest, 'timer');
      return { state: `${told}T`, send: [turnAway(guest)] };
    });
  return { bad, manager };
}

const states = async (manager: { readonly name: string }, ...guests: readonly string[]) => {
  const loaded = await house.store.load(manager.name, guests);
  return guests.map((guest) => loaded.get(guest)?.state);
};

test('an event that a reaction throws at parks its process: its events wait, all others go on', async () => {
  const { bad, manager } = moody();
  bad.add('knock ada');
  await using _ = await house.run(manager);
  await house.execute([knock('ada'), knock('bob'), leave('ada'), leave('bob')]);
  await eventually(async () => expect(await parked()).toMatchObject([{ key: 'ada', waiting: 1 }]));
  await eventually(async () => expect(await states(manager, 'ada', 'bob')).toEqual([undefined, 'KLT']));
  await house.execute(leave('ada'));
  await eventually(async () => expect(await parked()).toMatchObject([{ key: 'ada', waiting: 2 }]));
  const [one] = await parked();
  expect(one).toMatchObject({ position: 1, type: 'Knocked' });
  expect(one?.error).toMatch(
    /^HANDLER_FAILED: The process manager "moody" could not react to Knocked at position 1: RangeError \(parking\.test\.ts:\d+:\d+\)\.$/,
  );
  bad.clear();
  await isFree();
  await eventually(async () => expect(await states(manager, 'ada')).toEqual(['KLLT']));
  await becomes(
    'Knocked ada',
    'Knocked bob',
    'Left ada',
    'Left bob',
    'TurnedAway bob',
    'Left ada',
    'TurnedAway ada',
  );
});

test('the timers of a parked process wait until it has reacted to all that is kept back', async () => {
  await withoutRetries(house.database);
  const { bad, manager } = moody();
  const now = house.now;
  // The timer is due an hour later.
  await using _ = await house.run(manager, {
    store: {
      commit: (name, batch) => {
        const later = new Date(now.getTime() + 3_600_000);
        const changes = batch.changes.map((change) => ({
          ...change,
          schedule: change.schedule.map((timer) => ({ ...timer, at: later })),
        }));
        return house.store.commit(name, { ...batch, changes });
      },
    },
  });
  await house.execute([knock('ada'), knock('bob')]);
  await eventually(async () => expect(await house.timers()).toEqual(['ada late', 'bob late']));
  bad.add('knock ada');
  await house.execute([knock('ada'), leave('ada')]);
  await eventually(async () => expect(await parked()).toMatchObject([{ key: 'ada', waiting: 1 }]));
  house.now = new Date(now.getTime() + 7_200_000);
  house.ring();
  await eventually(async () => expect(await house.timers()).toEqual(['ada late']));
  bad.clear();
  await ask('skip');
  await isFree();
  await eventually(async () => expect(await states(manager, 'ada')).toEqual(['KLT']));
});

test('a timer whose reaction throws parks its process, and is tried again before what came since', async () => {
  await withoutRetries(house.database);
  const { bad, manager } = moody();
  bad.add('timer ada');
  await using _ = await house.run(manager);
  await house.execute(knock('ada'));
  await eventually(async () => expect(await parked()).toMatchObject([{ key: 'ada', position: 0, type: '' }]));
  expect((await parked())[0]?.error).toContain('could not react to timer late: RangeError');
  await house.execute(leave('ada'));
  await eventually(async () => expect(await parked()).toMatchObject([{ waiting: 1 }]));
  bad.clear();
  await ask('retry');
  await isFree();
  expect(await states(manager, 'ada')).toEqual(['KTL']);
  await becomes('Knocked ada', 'Left ada', 'TurnedAway ada');
  await eventually(async () => expect(await house.timers()).toEqual([]));
});

test('what is skipped is left out: an event, or a timer', async () => {
  await withoutRetries(house.database);
  const { bad, manager } = moody();
  bad.add('timer ada');
  await using _ = await house.run(manager);
  await house.execute(knock('ada'));
  await eventually(async () => expect(await parked()).toHaveLength(1));
  bad.add('knock ada');
  await house.execute(knock('ada'));
  await house.execute(leave('ada'));
  await eventually(async () => expect(await parked()).toMatchObject([{ waiting: 2 }]));
  await ask('skip');
  await eventually(async () =>
    expect(await parked()).toMatchObject([{ position: 2, failures: 1, waiting: 1 }]),
  );
  await ask('skip');
  await isFree();
  expect(await states(manager, 'ada')).toEqual(['KL']);
  await eventually(async () => expect(await house.timers()).toEqual([]));
  expect(await house.parked.skipped(consumer)).toEqual([
    { key: 'ada', position: 0 },
    { key: 'ada', position: 2 },
  ]);
});

test('an event whose process cannot be told waits under its stream, with those behind it', async () => {
  const { bad, manager } = moody();
  bad.add('key ada');
  await using _ = await house.run(manager);
  await house.execute([leave('ada'), leave('bob')]);
  await house.execute(leave('ada'));
  await eventually(async () =>
    expect(await parked()).toMatchObject([{ key: 'stream:Book-ada', position: 1, waiting: 1 }]),
  );
  await eventually(async () => expect(await states(manager, 'ada', 'bob')).toEqual([undefined, 'L']));
  bad.clear();
  await isFree();
  expect(await states(manager, 'ada')).toEqual(['LL']);
});

test.each(['CONCURRENCY_CONFLICT', 'DATABASE_UNAVAILABLE', 'STORE_BUSY'])(
  'what passes by itself parks nothing: %s',
  async (code) => {
    const { manager } = moody();
    let failures = 0;
    await using run = await house.run(manager, {
      execute: async (command, options) => {
        failures += 1;
        if (failures < 3) throw new LivefoldError(code, 'not now');
        return house.execute(command, options);
      },
    });
    await house.execute(knock('ada'));
    await becomes('Knocked ada', 'TurnedAway ada');
    expect(run.states).toContainEqual({ status: 'RETRYING', lastError: 'not now' });
    expect(await parked()).toEqual([]);
  },
);

test('what was sent and refused before a reaction failed stays so when it is tried again', async () => {
  let isBad = true;
  const manager = processManager<number>('moody')
    .on(
      Knocked,
      ({ data }) => data.guest,
      (_, { data: { guest } }) => ({ state: 1, send: [leave(guest), enter(guest)] }),
    )
    .onRejection('CLOSED', (_, __, guest) => {
      if (isBad) throw new RangeError('no');
      return { state: 2, send: [turnAway(guest)] };
    });
  await using _ = await house.run(manager);
  await house.execute(knock('ada'));
  await eventually(async () => expect(await parked()).toHaveLength(1));
  isBad = false;
  await isFree();
  await becomes('Knocked ada', 'Left ada', 'TurnedAway ada');
  await eventually(async () => expect(await house.state(manager, 'ada')).toBe(2));
  expect([...(await house.database.session.execute(sql`select * from livefold.rejections`))]).toEqual([]);
});

test('a command that gets no answer is sent again', async () => {
  const { manager } = moody();
  let tries = 0;
  await using run = await house.run(manager, {
    timeout: 50,
    execute: (command, options) => {
      tries += 1;
      return tries === 1 ? new Promise(() => {}) : house.execute(command, options);
    },
  });
  await house.execute(knock('ada'));
  await becomes('Knocked ada', 'TurnedAway ada');
  expect(run.states).toContainEqual({
    status: 'RETRYING',
    lastError: expect.stringContaining('no answer in time'),
  });
});

test('an operator of another process is heard', async () => {
  const { bad, manager } = moody();
  bad.add('knock ada');
  const definition = { name: 'house', typeDefs: [], resolvers: {}, events: doorEvents, projections: [] };
  await using backend = await startBackend(
    { ...definition, processManagers: [manager] },
    { databaseUrl: house.url },
  );
  await withoutRetries(house.database);
  await backend.execute(knock('ada'));
  await eventually(async () => expect(await parked()).toHaveLength(1));
  bad.clear();
  expect(await house.parked.ask(consumer, 'retry')).toBe(1);
  await isFree();
  await becomes('Knocked ada', 'TurnedAway ada');
});

test.each([
  { action: 'retry', becomes: ['ada'] },
  { action: 'skip', becomes: [] },
] as const)('a $action that is asked for during a retry is done behind it', async ({ action, becomes }) => {
  const turns = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const [first, second, third] = turns.map(({ resolve }) => resolve);
  let tries = 0;
  const execute = async (): Promise<never> => {
    tries += 1;
    await turns[tries - 1]?.promise;
    throw new RangeError('no');
  };
  const manager = processManager('moody').on(
    Knocked,
    ({ data }) => data.guest,
    (_, { data }) => ({ send: [enter(data.guest)] }),
  );
  await withoutRetries(house.database);
  await using _ = await house.run(manager, { execute });
  await house.execute(knock('ada'));
  first?.();
  await eventually(async () => expect(await parked()).toHaveLength(1));
  await ask('retry');
  await eventually(async () => expect(tries).toBe(2));
  await ask(action);
  second?.();
  third?.();
  await eventually(async () => {
    const left = await parked();
    expect(left.map(({ key }) => key)).toEqual(becomes);
    expect(left.every(({ asked, failures }) => asked === null && failures === 3)).toBe(true);
  });
  expect(tries).toBe(action === 'retry' ? 3 : 2);
});

test('a reaction that does not return is broken off, and its process parked; all others go on', async () => {
  let isMad = true;
  const hang = (guest: string, what: string): string => {
    while (isMad && guest === what);
    return guest;
  };
  const manager = processManager<string>('moody', { timeout: 200 })
    .on(
      Knocked,
      ({ data }) => hang(data.guest, 'key'),
      (_, { data: { guest } }) => ({
        state: hang(guest, 'reaction'),
        send: [enter(guest)],
        schedule: [{ name: 'late', at: house.now }],
      }),
    )
    .onRejection('CLOSED', (_, __, guest) => ({ state: hang(guest, 'rejection') }))
    .onTimer('late', (_, guest) => ({ state: `${hang(guest, 'timer')} late` }));
  await using _ = await house.run(manager);
  const guests = ['key', 'reaction', 'rejection', 'timer', 'nobody'];
  await house.execute(guests.map(knock));
  const error = expect.stringMatching(
    /^REACTION_TIMED_OUT: .* did not return within 200 ms, and was broken off/,
  );
  await eventually(async () =>
    expect(await parked()).toMatchObject(
      ['reaction', 'rejection', 'stream:Book-key', 'timer'].map((key) => ({ key, error })),
    ),
  );
  await eventually(async () =>
    expect(await states(manager, 'nobody', 'timer')).toEqual(['nobody late', 'timer']),
  );
  isMad = false;
  await house.parked.ask(consumer, 'retry');
  house.ring();
  await isFree();
  await eventually(async () =>
    expect(await states(manager, ...guests)).toEqual(guests.map((guest) => `${guest} late`)),
  );
});
