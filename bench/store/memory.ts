import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createPostgresEventStore } from '../../src/adapters/postgres/postgres-event-store.ts';
import { everything } from '../../src/domain/query.ts';

/** The most memory that reading took, in MB: in the first half of the log, and in the second. */
export type MemoryOfReading = { readonly first: number; readonly second: number };

/** Reads a log in a process of its own, so that nothing else is in its memory. */
export async function memoryOfReading(url: string, schema: string, events: number): Promise<MemoryOfReading> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    import.meta.filename,
    url,
    schema,
    `${events}`,
  ]);
  const [first = Number.NaN, second = Number.NaN] = stdout.trim().split(' ').map(Number);
  return { first, second };
}

async function readLog(url: string, schema: string, events: number): Promise<MemoryOfReading> {
  const database = openDatabase(url);
  const store = createPostgresEventStore({ database, schema });
  const most = { first: 0, second: 0 };
  for await (const { position } of store.read(everything, { limit: events })) {
    if (position % 1_000 !== 0) continue;
    const half = position <= events / 2 ? 'first' : 'second';
    most[half] = Math.max(most[half], process.memoryUsage.rss() / 2 ** 20);
  }
  await database.close();
  return most;
}

if (import.meta.main) {
  const [url = '', schema = '', events = ''] = process.argv.slice(2);
  const { first, second } = await readLog(url, schema, Number(events));
  console.log(first, second);
}
