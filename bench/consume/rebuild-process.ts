/**
 * Rebuilds the orders, whose table is full, in a process that does nothing else: `node rebuild-process.ts URL EVENTS` prints samples
 * as JSON, the last one behind the exchange.
 */

import { rebuildProjection } from '../../src/consumption/rebuild/rebuild-projection.ts';
import { silentLogger } from '../../src/kernel/log.ts';
import { openStorage } from '../../src/main/open-storage.ts';
import { Orders, ordersBackend } from './orders.ts';
import { type Sample, sampleAt } from './samples.ts';

const [databaseUrl, events] = process.argv.slice(2);
await using storage = await openStorage(ordersBackend, { databaseUrl }, () => {});
const samples: Sample[] = [];
const { position } = await rebuildProjection(Orders, {
  ...{ rebuilds: storage.rebuilds, log: storage.log, models: storage.models, store: storage.leases },
  ...{
    news: storage.wakeUp.news,
    name: 'bench',
    logger: silentLogger,
    projections: ordersBackend.projections,
  },
  ...{ isForced: true, signal: new AbortController().signal },
  onProgress: (step) => {
    if (step.phase === 'folding') samples.push(sampleAt(step.position));
  },
});
if (position !== Number(events)) throw new Error(`rebuilt up to ${position} of ${events}`);
samples.push(sampleAt(position));
console.log(JSON.stringify(samples));
