import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { processManager } from '../../../src/consumption/process-manager.ts';
import { eventually } from '../spread.ts';
import { enter, Knocked, knock, leave, open, refuse, turnAway } from './doors.ts';
import { type House, openHouse } from './open-house.ts';
import { porter } from './porter.ts';

let house: House;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house[Symbol.asyncDispose]());

const becomes = (...told: readonly string[]) =>
  eventually(async () => expect(await house.told()).toEqual(told));
const kept = async () => [...(await house.database.session.execute(sql`select * from livefold.rejections`))];

test('a process reacts to a rejection in place of the commands that were to follow', async () => {
  await using _ = await house.run(porter);
  await house.execute(knock('ada'));
  await becomes('Knocked ada', 'TurnedAway ada');
  await house.execute(open());
  await house.execute(knock('ada'));
  await becomes('Knocked ada', 'TurnedAway ada', 'Opened', 'Knocked ada', 'Entered ada', 'Left ada');
  await eventually(async () => expect(await house.state(porter, 'ada')).toEqual({ knocks: 2, refusals: 1 }));
  await eventually(async () => expect(await kept()).toEqual([]));
});

test('a rejection that nothing is said about is passed over', async () => {
  const manager = processManager<number>('careless')
    .on(
      Knocked,
      ({ data }) => data.guest,
      (_, { data: { guest } }) => ({ state: 1, send: [enter(guest), leave(guest)] }),
    )
    .onRejection('ANOTHER', () => ({ state: 2 }));
  await using _ = await house.run(manager);
  await house.execute(knock('ada'));
  await becomes('Knocked ada', 'Left ada');
  await eventually(async () => expect(await house.state(manager, 'ada')).toBe(1));
  await eventually(async () => expect(await kept()).toEqual([]));
});

test('a reaction sees what was refused and why, and may set timers, begin and end', async () => {
  const manager = processManager<string>('curious')
    .on(
      Knocked,
      ({ data }) => data.guest,
      (_, { data: { guest } }) => ({ state: null, send: [refuse(guest), enter(guest)] }),
    )
    .onOtherRejection((state, { command, reason }, guest) => ({
      state: `${state} ${reason} ${'name' in command ? command.name : ''}`,
      schedule: [{ name: 'again', at: house.now }],
      send: [enter(guest)],
    }))
    .onRejection('CLOSED', (state) => ({ state: `${state}, closed` }))
    .onTimer('again', (state, guest) => ({ state: null, send: [turnAway(guest, state ?? '')] }));
  await using _ = await house.run(manager);
  await house.execute(knock('ada'));
  await becomes('Knocked ada', 'TurnedAway ada');
  const [knocked, turned] = await house.events();
  expect(turned?.data).toEqual({ guest: 'ada', why: 'undefined REFUSED refuse, closed' });
  expect(knocked?.causationId).toBeNull();
  await eventually(async () => expect(await house.state(manager, 'ada')).toBeUndefined());
  await eventually(async () => expect(await kept()).toEqual([]));
});

test('the ids of what a rejection leads to come from the id of the rejected command', async () => {
  await using _ = await house.run(porter);
  await house.execute(knock('ada'));
  await becomes('Knocked ada', 'TurnedAway ada');
  const [knocked, turned] = await house.events();
  const ids = await house.database.session.execute(sql`select id from livefold.commands`);
  expect([...ids]).toEqual([{ id: `porter:${knocked?.id}:0:0` }]);
  expect(turned?.causationId).toBe(knocked?.id);
});

test('a rejection counts when the batch is done again, though the command would be accepted by then', async () => {
  let commits = 0;
  await using _ = await house.run(porter, {
    store: {
      commit: async (name, batch) => {
        commits += 1;
        if (commits > 1) return house.store.commit(name, batch);
        await house.execute(open());
        throw new Error('the batch is not committed');
      },
    },
  });
  await house.execute(knock('ada'));
  await eventually(async () => expect(await house.state(porter, 'ada')).toEqual({ knocks: 1, refusals: 1 }));
  expect(await house.told()).toEqual(['Knocked ada', 'TurnedAway ada', 'Opened']);
  await eventually(async () => expect(await kept()).toEqual([]));
});

test('whoever has lost the lease does nothing about a rejection', async () => {
  let tries = 0;
  const run = await house.run(porter, {
    execute: async (command, options) => {
      tries += 1;
      await house.database.session.execute(sql`update livefold.tracking set token = token + 1`);
      return house.execute(command, options);
    },
  });
  await house.execute(knock('ada'));
  await eventually(async () => expect(tries).toBeGreaterThan(2));
  await run.stop();
  expect(await house.told()).toEqual(['Knocked ada']);
  await eventually(async () => expect(await kept()).toEqual([]));
});

test('a compensation that is refused for ever is given up, with an error', async () => {
  const manager = processManager<number>('stubborn')
    .on(
      Knocked,
      ({ data }) => data.guest,
      (_, { data }) => ({ send: [enter(data.guest)] }),
    )
    .onRejection('CLOSED', (_, __, guest) => ({ send: [enter(guest)] }));
  await using _ = await house.run(manager);
  await house.execute(knock('ada'));
  await eventually(async () =>
    expect(await house.parked.list('process:stubborn', { first: 1 })).toMatchObject([
      { key: 'ada', error: expect.stringMatching(/^PROCESS_RESTLESS: .*rejected in a row/) },
    ]),
  );
});
