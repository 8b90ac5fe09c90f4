/**
 * A process of its own that appends: `node writer-process.ts PATH NAME APPENDS`. Appends of one to four events, every
 * third in a transaction that is held open a little and, every other time, rolled back. Prints how many events it
 * stored. With `hold` for APPENDS it writes a row and events in one transaction, says so, and never commits; with
 * `endless` it appends, and says what was acknowledged, until it is killed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { openSqlitePersistence } from '../../../src/adapters/sqlite/sqlite-persistence.ts';
import { sampleEvents } from '../../../src/consumption/contract/sample-events.ts';

const [path = '', name = '', appends = ''] = process.argv.slice(2);
const sqlite = await openSqlitePersistence({ path, timeout: 60_000 });

if (appends === 'hold') await hold();
else if (appends === 'endless') await writeEndlessly();
else console.log(`stored ${await write(Number(appends))} events`);
await sqlite.close();

async function write(count: number): Promise<number> {
  let stored = 0;
  for (let n = 0; n < count; n += 1) {
    const events = sampleEvents(1 + (n % 4), { stream: n % 2 === 0 ? 'Shared' : name });
    const isHeld = n % 3 === 0;
    if (!isHeld) await sqlite.events.append({ events });
    const isKept = !isHeld || (await appendHeld(events, n % 2 === 0));
    if (isKept) stored += events.length;
  }
  return stored;
}

/** Whether the transaction committed. */
async function appendHeld(events: ReturnType<typeof sampleEvents>, isRolledBack: boolean): Promise<boolean> {
  const rollback = new Error('rolled back');
  try {
    await sqlite.transaction(async (transaction) => {
      await sqlite.events.append({ events }, { transaction });
      await delay(Math.random() * 8);
      if (isRolledBack) throw rollback;
    });
    return true;
  } catch (error) {
    if (error !== rollback) throw error;
    return false;
  }
}

async function hold(): Promise<void> {
  await sqlite.transaction(async (transaction) => {
    transaction.database.exec('create table rows_of_the_caller (n integer)');
    await sqlite.events.append({ events: sampleEvents(3) }, { transaction });
    console.log('held');
    // A killed process is the only end of this.
    await delay(3_600_000);
  });
}

async function writeEndlessly(): Promise<void> {
  for (;;) {
    const { position } = await sqlite.events.append({ events: sampleEvents(2, { stream: name }) });
    console.log(`acknowledged ${position};`);
  }
}
