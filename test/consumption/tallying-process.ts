/** A process of its own that runs its share of the tallies until it is ended: `node tallying-process.ts URL SHARDS`. */

import { onAbort } from '../../src/kernel/async.ts';
import { startBackend } from '../../src/main/start-backend.ts';
import { stopSignal } from '../../src/main/stop-signal.ts';
import { tallies, talliesBackend } from './tallies.ts';

const [databaseUrl, shards] = process.argv.slice(2);
const backend = await startBackend(talliesBackend(tallies(Number(shards))), { databaseUrl });
onAbort(stopSignal(), () => void backend.stop().then(() => process.exit()));
console.log(`up ${process.pid}`);
