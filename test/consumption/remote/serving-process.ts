/** A process of its own that serves a log of counters, until it is killed. The environment says where. */
import { run } from '../../../src/main/run.ts';
import { countersBackend, countersProjection } from '../counters.ts';

await run(countersBackend(countersProjection()));
