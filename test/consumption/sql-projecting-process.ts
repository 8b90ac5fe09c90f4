/** A process of its own that projects counters by SQL until it is killed: `node sql-projecting-process.ts URL SHARDS`. */
import { startBackend } from '../../src/main/start-backend.ts';
import { sqlCounters, sqlCountersBackend } from './sql-counters.ts';

const [databaseUrl, shards] = process.argv.slice(2);
await startBackend(sqlCountersBackend(sqlCounters({ shards: Number(shards) })), { databaseUrl });
console.log('projecting');
