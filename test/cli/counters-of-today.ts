import { countersBackend, countersProjection } from '../consumption/counters.ts';

/** The counters after a change: each count is worth two. */
const counters = countersProjection({ version: 2 }, 2);
export const backend = countersBackend(counters);
