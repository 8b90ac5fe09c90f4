/** Takes its share of the work until its standard input ends: `node work-process.ts URL SCHEMA`. */

import { once } from 'node:events';
import { startBackend } from '../../src/main/start-backend.ts';
import { workBackend } from './hard-work.ts';

const [databaseUrl, schema = ''] = process.argv.slice(2);
await using _ = await startBackend(workBackend, { databaseUrl, schema });
process.stdin.resume();
await once(process.stdin, 'end');
