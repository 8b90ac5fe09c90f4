import type { AnyProjection, ProjectionOptions } from '../../../src/consumption/projection.ts';
import {
  type RebuildOptions,
  rebuildProjection,
} from '../../../src/consumption/rebuild/rebuild-projection.ts';
import type { Outcome } from '../../../src/consumption/rebuild/rebuilds.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import { openStorage } from '../../../src/main/open-storage.ts';
import type { RunningBackend } from '../../../src/main/start-backend.ts';
import { type OpenCounters, openCounters } from '../open-counters.ts';
import { talliesBackend } from '../tallies.ts';
import { writeConcurrently } from '../write-concurrently.ts';

/** Rebuilds a projection beside a backend that runs, with connections of its own, as the command line does. */
export async function rebuild(
  { backend }: { readonly backend: RunningBackend },
  projection: AnyProjection,
  options: Partial<RebuildOptions> = {},
): Promise<Outcome> {
  const { databaseUrl } = backend;
  await using storage = await openStorage(talliesBackend([projection]), { databaseUrl }, () => {});
  return await rebuildProjection(projection, {
    ...{ rebuilds: storage.rebuilds, log: storage.log, models: storage.models, store: storage.leases },
    ...{ news: storage.wakeUp.news, name: 'a rebuild', logger: silentLogger },
    ...{ projections: [projection], isForced: false, onProgress: () => {} },
    signal: new AbortController().signal,
    ...options,
  });
}

/** Counters whose table an older definition has filled, with a backend of today's on it. */
export async function openOutdated(options: ProjectionOptions = {}): Promise<OpenCounters> {
  const older = await openCounters(options);
  await writeConcurrently([older], 20);
  await older.settle();
  await older.backend.stop();
  const opened = await openCounters({ ...options, url: older.url, version: 2, step: 2 });
  await opened.settle();
  return {
    ...opened,
    async [Symbol.asyncDispose]() {
      await opened.backend.stop();
      await older[Symbol.asyncDispose]();
    },
  };
}

/** Does something again and again until it is disposed; what fails then fails the test. */
export function allTheTime(work: (round: number) => Promise<void>): AsyncDisposable {
  let isOver = false;
  const done = (async () => {
    for (let round = 0; !isOver; round += 1) await work(round);
  })();
  done.catch(() => {});
  return {
    async [Symbol.asyncDispose]() {
      isOver = true;
      await done;
    },
  };
}
