import postgres from 'postgres';
import { migrateDatabase } from '../src/adapters/postgres/migrate.ts';
import { openDatabase } from '../src/adapters/postgres/database.ts';
import { createPostgresEventStore } from '../src/adapters/postgres/postgres-event-store.ts';
import { livefold } from './append/livefold.ts';
import { rawBatches, rawInsert } from './append/raw-insert.ts';
import { measure, median, ratio } from './compare.ts';
import { useServer } from './server.ts';
const splits = process.argv[3].split(',');
await using server = await useServer(() => {});
const sql = postgres(server.databaseUrl, { max: 8 });
for (const s of ['rawa','rawb',...splits.map((x)=>'lf'+x)]) await migrateDatabase({ url: server.databaseUrl, schema: s });
const stores = splits.map((s) => { process.env.SPLIT = s; const database = openDatabase(server.databaseUrl); return createPostgresEventStore({ database, schema: 'lf'+s }); });
for (const w of process.argv[2].split(',').map(Number)) {
  const m = await measure([...stores.map((s,i) => ({...livefold(s, w), name: 'lf'+splits[i]})), w===1? rawInsert(sql,'rawa'): rawBatches(sql, w===32?'rawa':'rawb', w)], { rounds: Number(process.argv[4] ?? 15), seconds: Number(process.argv[5]??0.4), progress: () => {} });
  const raw = m.at(-1);
  console.log(w, m.map((x) => `${x.name} ${Math.round(median(x.rates))} max ${Math.round(Math.max(...x.rates))} r=${ratio(x, raw).toFixed(2)}`).join(' | '));
}
process.exit(0);
