/** A process of its own that projects counters until it is killed: `node projecting-process.ts URL`. */
import { startBackend } from '../../src/main/start-backend.ts';
import { countersBackend, countersProjection } from './counters.ts';

const [databaseUrl] = process.argv.slice(2);
await startBackend(countersBackend(countersProjection()), { databaseUrl });
console.log('projecting');
