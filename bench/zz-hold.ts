import { writeFileSync } from 'node:fs';
import { resolveDatabase } from '../src/adapters/postgres/engine/resolve-database.ts';
const engine = await resolveDatabase({ databaseUrl: undefined, dataDirectory: '.livefold/bench', log: console.error });
writeFileSync('/tmp/bench-url', engine.url);
process.on('SIGTERM', async () => { await engine.stop(); process.exit(0); });
setInterval(() => {}, 1e6);
