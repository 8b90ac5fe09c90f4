import { sleep, throwIfAborted } from '../../../kernel/async.ts';
import type { Cluster } from './cluster.ts';
import { isAlive } from './is-alive.ts';
import { joinServer, type Membership } from './membership.ts';
import { type Postmaster, readPostmaster } from './postmaster-file.ts';

/** A server runs and was joined; or none runs, and perhaps a living process is in its way that is not it. */
export type Found =
  | { readonly membership: Membership }
  | { readonly membership?: never; readonly stale: Postmaster | undefined };

const PAUSE = 100;
// A crash recovery or a shutdown that takes longer than half a minute ends in PostgreSQL's own refusal to start a second server.
const LOOKS = 300;

/** Looks for a server that runs on the cluster, waits while one starts or stops, and joins it. */
export async function findServer(cluster: Cluster, signal?: AbortSignal): Promise<Found> {
  let last: Postmaster | undefined;
  for (let look = 0; look < LOOKS; look += 1) {
    throwIfAborted(signal);
    const postmaster = await readPostmaster(cluster);
    if (postmaster === undefined || !isAlive(postmaster.pid)) return { stale: undefined };
    // Not joined, and it still calls itself ready: so it was not about to stop, it is another program.
    if (postmaster.isReady && postmaster.text === last?.text) return { stale: postmaster };
    const membership = postmaster.isReady ? await joinServer(cluster, postmaster.port) : undefined;
    if (membership !== undefined) return { membership };
    if (!postmaster.isReady) await sleep(PAUSE, signal);
    last = postmaster;
  }
  return { stale: last };
}
