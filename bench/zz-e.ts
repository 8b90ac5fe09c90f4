import { createRequire } from 'node:module';
import { migrateDatabase } from '../src/adapters/postgres/migrate.ts';
import { openDatabase } from '../src/adapters/postgres/database.ts';
import { createPostgresEventStore } from '../src/adapters/postgres/postgres-event-store.ts';
import { livefold } from './append/livefold.ts';
import { writers } from './append/writers.ts';
import { measure, median, ratio } from './compare.ts';
import { useServer } from './server.ts';
const require = createRequire('/tmp/emm/package.json');
const em = require('@event-driven-io/emmett-postgresql'); const pg = require('pg');
await using server = await useServer(() => {});
await migrateDatabase({ url: server.databaseUrl });
const sides = [];
for (const max of [6, 10, 16, 32]) {
  const pool = new pg.Pool({ connectionString: server.databaseUrl, max });
  const store = em.getPostgreSQLEventStore(server.databaseUrl, { connectionOptions: { pool } });
  await store.schema.migrate();
  sides.push(writers('emmett' + max, 32, ({ events: [e], command }) => store.appendToStream(e.stream, [{ type: e.type, data: e.data, metadata: { tags: e.tags, actor: e.actor, commandId: command.id, correlationId: e.correlationId, causationId: e.causationId } }], { expectedStreamVersion: 'STREAM_DOES_NOT_EXIST' })));
}
const m = await measure([livefold(createPostgresEventStore({ database: openDatabase(server.databaseUrl) }), 32), ...sides], { rounds: 13, seconds: 0.4, progress: () => {} });
console.log(m.map((x) => `${x.name} ${Math.round(median(x.rates))} max ${Math.round(Math.max(...x.rates))} ours is ${ratio(m[0], x).toFixed(2)}`).join(' | '));
await server[Symbol.asyncDispose]();
process.exit(0);
