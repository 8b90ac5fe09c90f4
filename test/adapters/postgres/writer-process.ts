/**
 * A process of its own that appends: `node writer-process.ts URL NAME APPENDS`. Appends of one to four events, every
 * third in a transaction that is held open a little and, every other time, rolled back. Prints how many events it
 * stored. With `hold` for APPENDS it writes a row and an event in one transaction, says so, and never commits.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { createPostgresEventStore } from '../../../src/adapters/postgres/postgres-event-store.ts';
import { sampleEvents } from '../../../src/consumption/contract/sample-events.ts';

const [url = '', name = '', appends = ''] = process.argv.slice(2);
const database = openDatabase(url, { connections: 2 });
const store = createPostgresEventStore({ database });

if (appends === 'hold') await hold();
else console.log(await write(Number(appends)));
await database.close();

async function write(count: number): Promise<number> {
  let stored = 0;
  for (let n = 0; n < count; n += 1) {
    const events = sampleEvents(1 + (n % 4), { stream: n % 2 === 0 ? 'Shared' : name });
    const isHeld = n % 3 === 0;
    if (!isHeld) await store.append({ events });
    const isKept = !isHeld || (await appendHeld(events, n % 2 === 0));
    if (isKept) stored += events.length;
  }
  return stored;
}

/** Whether the transaction committed. */
async function appendHeld(events: ReturnType<typeof sampleEvents>, isRolledBack: boolean): Promise<boolean> {
  const rollback = new Error('rolled back');
  try {
    await database.session.transaction(async (transaction) => {
      await store.append({ events }, { transaction });
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
  await database.session.transaction(async (transaction) => {
    await transaction.execute(sql`insert into rows_of_the_caller values (1)`);
    await store.append({ events: sampleEvents(3) }, { transaction });
    console.log('held');
    // A killed process is the only end of this.
    await delay(3_600_000);
  });
}
