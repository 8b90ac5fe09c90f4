/**
 * A process of its own that runs its share of the tallies, whose handlers fail at the counters that a file names:
 * `node parked-tallying-process.ts URL SHARDS FILE`.
 */

import { existsSync, readFileSync } from 'node:fs';
import { onAbort } from '../../src/kernel/async.ts';
import { startBackend } from '../../src/main/start-backend.ts';
import { stopSignal } from '../../src/main/stop-signal.ts';
import { tallies, talliesBackend } from './tallies.ts';

const [databaseUrl, shards, file = ''] = process.argv.slice(2);
const isBad = (key: string): boolean =>
  existsSync(file) && readFileSync(file, 'utf8').split(' ').includes(key);
const projections = tallies(Number(shards), {
  onFold(key) {
    if (isBad(key)) throw new Error(`${key} is bad`);
  },
});
const backend = await startBackend(talliesBackend(projections), { databaseUrl });
onAbort(stopSignal(), () => void backend.stop().then(() => process.exit()));
console.log(`up ${process.pid}`);
