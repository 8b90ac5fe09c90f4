/** A process of its own that projects counters by SQL until it is killed: `node sql-projecting-process.ts URL`. */
import { startBackend } from '../../src/main/start-backend.ts';
import { sqlCounters, sqlCountersBackend } from './sql-counters.ts';

const [databaseUrl] = process.argv.slice(2);
await startBackend(sqlCountersBackend(sqlCounters()), { databaseUrl });
console.log('projecting');
