import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sleep } from '../../../src/kernel/async.ts';
import { isLivefoldError } from '../../../src/kernel/errors.ts';
import { Program } from '../../support/program.ts';
import { eventually } from '../spread.ts';
import { close, knock, open } from './doors.ts';
import { openHouse } from './open-house.ts';
import { porter } from './porter.ts';

/** The porter uses the same door all the time. */
function orBusy(error: unknown): void {
  if (!isLivefoldError(error, 'CONCURRENCY_CONFLICT')) throw error;
}

const script = join(import.meta.dirname, 'porter-process.ts');

test('a process that is killed between a compensation and its commit has compensated, whatever holds by then', async () => {
  await using house = await openHouse();
  await house.execute(knock('ada'));
  await using program = new Program([script, house.url, 'hang'], { env: {} });
  await program.line(/^about to store$/m);
  expect(await program.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
  await house.execute(open());
  await using _ = await house.run(porter);
  await eventually(async () => expect(await house.state(porter, 'ada')).toEqual({ knocks: 1, refusals: 1 }));
  expect(await house.told()).toEqual(['Knocked ada', 'TurnedAway ada', 'Opened']);
});

test('processes that are killed at any moment, while the door opens and closes, do one thing about each guest, once', async () => {
  await using house = await openHouse();
  let isOver = false;
  const guests: string[] = [];
  const living = (async () => {
    for (; !isOver; await sleep(2)) {
      const guest = `guest ${guests.length}`;
      guests.push(guest);
      await house.execute(knock(guest));
      await house.execute(guests.length % 2 === 0 ? open() : close()).catch(orBusy);
    }
  })();
  for (let kill = 0; kill < 4; kill += 1) {
    const before = await house.position(porter);
    await using program = new Program([script, house.url], { env: {} });
    while ((await house.position(porter)) === before) await sleep(5);
    await sleep(Math.random() * 100);
    expect(await program.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
  }
  isOver = true;
  await living;
  await using _ = await house.run(porter);
  await eventually(async () => expect(await house.position(porter)).toBe((await house.events()).length));
  const told = Map.groupBy(await house.told(), (line) => line.slice(line.indexOf(' ') + 1));
  for (const guest of guests) {
    const [, ...done] = told.get(guest) ?? [];
    expect([[`TurnedAway ${guest}`], [`Entered ${guest}`, `Left ${guest}`]]).toContainEqual(done);
  }
});
