// quick bench of one comparison: node /tmp/quick.ts WRITERS [rounds] [seconds]
import postgres from 'postgres';
import { migrateDatabase } from '/work/main/src/adapters/postgres/migrate.ts';
import { openDatabase } from '/work/main/src/adapters/postgres/database.ts';
import { createPostgresEventStore } from '/work/main/src/adapters/postgres/postgres-event-store.ts';
import { livefold } from '/work/main/bench/append/livefold.ts';
import { rawBatches, rawInsert } from '/work/main/bench/append/raw-insert.ts';
import { measure, median, ratio } from '/work/main/bench/compare.ts';
import { useServer } from '/work/main/bench/server.ts';
const which = process.argv[2].split(',');
const [rounds, seconds] = [Number(process.argv[3] ?? 5), Number(process.argv[4] ?? 1)];
await using server = await useServer(() => {});
console.log(server.databaseUrl);
for (const schema of ['livefold', 'raw', 'rawb', 'rawc']) await migrateDatabase({ url: server.databaseUrl, schema });
const sql = postgres(server.databaseUrl, { max: 8 });
const database = openDatabase(server.databaseUrl);
const store = createPostgresEventStore({ database });
const all = { '1': [livefold(store, 1), rawInsert(sql, 'raw')], '32': [livefold(store, 32), rawBatches(sql,'rawc',32)], '256': [livefold(store, 256), rawBatches(sql, 'rawb', 256)] };
for (const w of which) {
  const m = await measure(all[w], { rounds, seconds, progress: () => {} });
  console.log(w, m.map((x) => `${x.name} ${Math.round(median(x.rates))} [${x.rates.map(Math.round).join(' ')}]`).join(' | '), 'ratio', ratio(m[0], m[1]).toFixed(2));
}
if (process.argv[5]) console.log(await eval(`(async()=>{${process.argv[5]}})()`));
await database.close(); await sql.end();
