// A process that uses the engine: says on stdout what it got, and stops when its stdin ends.
import { text } from 'node:stream/consumers';
import { startEmbeddedEngine } from '../../../../src/adapters/postgres/engine/embedded-engine.ts';

const [dataDirectory = ''] = process.argv.slice(2);
const engine = await startEmbeddedEngine({ dataDirectory });
console.log(JSON.stringify({ url: engine.url, adopted: engine.adopted }));
await text(process.stdin);
await engine.stop();
