import { readFileSync } from 'node:fs';
import postgres from 'postgres';
import { migrateDatabase } from '../src/adapters/postgres/migrate.ts';
import { openDatabase } from '../src/adapters/postgres/database.ts';
import { createPostgresEventStore } from '../src/adapters/postgres/postgres-event-store.ts';
import { livefold } from './append/livefold.ts';
import { rawBatches, rawInsert } from './append/raw-insert.ts';
import { useServer } from './server.ts';
process.env.SPLIT ??= '9999';
// 
await using server = await useServer(() => {});
const sql = postgres(server.databaseUrl, { max: 1 });
const admin = postgres(server.databaseUrl, { max: 1 });
for (const s of ['raw1','raw32', 'raw256','livefold']) await migrateDatabase({ url: server.databaseUrl, schema: s });
const database = openDatabase(server.databaseUrl);
const store = createPostgresEventStore({ database });
const backends = async () => { let t = 0; for (const { pid } of await admin`select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`) { try { const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' '); t += (Number(f[11]) + Number(f[12])) * 10_000; } catch {} } return t; };
for (const w of process.argv[2].split(',').map(Number)) {
  const n = Number(process.argv[3] ?? (w === 1 ? 3000 : 25000));
  for (const side of [livefold(store, w), w === 1 ? rawInsert(sql, 'raw1') : rawBatches(sql, 'raw' + w, w)]) {
    await side.prepare(3000)(); 
    const run = side.prepare(n); const b0 = await backends(), c0 = process.cpuUsage(), t0 = performance.now();
    await run();
    const t = performance.now() - t0, c = process.cpuUsage(c0), b = (await backends()) - b0;
    console.log(w, side.name.padEnd(20), `client ${((c.user + c.system) / n).toFixed(1)} µs  server ${(b / n).toFixed(1)} µs  wall ${(t * 1000 / n).toFixed(1)} µs`);
  }
}
process.exit(0);
