/** A process of its own that follows a remote log into a file, until it is killed: `node collecting-process.ts URL FILE`. */
import { openSqlitePersistence } from '../../../src/adapters/sqlite/sqlite-persistence.ts';
import { openRemoteLog } from '../../../src/consumption/remote/remote-log.ts';
import { runSystem } from '../../../src/consumption/system/run-system.ts';
import { collecting } from './collector.ts';

const [url = '', path = ''] = process.argv.slice(2);
const persistence = await openSqlitePersistence({ path });
const { bell } = persistence.watch();
const running = runSystem(collecting, {
  places: { Counters: { log: openRemoteLog({ url }) }, Collector: { persistence, bell } },
});
console.log('collecting');
await running.done;
