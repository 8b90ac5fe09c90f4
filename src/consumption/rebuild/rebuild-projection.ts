import { getTableName } from 'drizzle-orm';
import { throwIfAborted } from '../../kernel/async.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import type { Position } from '../../persistence/event-store.ts';
import type { EventLog } from '../event-log.ts';
import { foldUpTo } from '../fold-up-to.ts';
import type { Lease } from '../lease-store.ts';
import { type AnyProjection, tablesOf } from '../projection.ts';
import type { ReadModels } from '../read-models.ts';
import { type LeasedTaskOptions, runLeased } from './leased-task.ts';
import type { Outcome, Rebuilds, Shadow } from './rebuilds.ts';
import { nextName } from './shadow.ts';
import { rebuildUnderWay } from './under-way.ts';

export type RebuildStep =
  | { readonly phase: 'begun'; readonly start: Shadow['start']; readonly position: Position }
  | { readonly phase: 'folding'; readonly position: Position; readonly target: Position }
  | { readonly phase: 'indexing' | 'comparing' };

export type RebuildOptions = LeasedTaskOptions & {
  readonly rebuilds: Rebuilds;
  readonly log: EventLog;
  readonly models: ReadModels;
  /** All projections of the backend: two tables of one name cannot be built in one place. */
  readonly projections: readonly AnyProjection[];
  /** Exchanges the tables although they are the same. */
  readonly isForced: boolean;
  readonly onProgress: (step: RebuildStep) => void;
};

/** What is left to fold while the projection stands still: a moment's work, also for SQL handlers. */
const fewEvents = 50;
/** With more than this it does not come to that, however slow the handlers are. */
const mostEvents = 500;

/**
 * Builds a projection's tables anew beside those that go on serving, compares the two, and exchanges them. When it is
 * stopped or killed, the next one goes on where it was.
 *
 * @throws LivefoldError `REBUILD_UNDER_WAY`, `REBUILD_REFUSED`, `REBUILD_BLOCKED`, `ABORTED`
 */
export async function rebuildProjection(
  projection: AnyProjection,
  options: RebuildOptions,
): Promise<Outcome> {
  refuseSharedName(projection, options.projections);
  const outcome = await runLeased(nextName(projection.name), {
    ...options,
    run: (lease, signal) => build(projection, lease, { ...options, signal }),
    refuse: (member) => rebuildUnderWay(projection.name, member),
  });
  await options.rebuilds.close(projection);
  return outcome;
}

async function build(projection: AnyProjection, lease: Lease, options: RebuildOptions): Promise<Outcome> {
  const { rebuilds, log, signal, isForced, onProgress } = options;
  const shadow = await rebuilds.begin(projection, lease);
  let { position } = shadow;
  onProgress({ phase: 'begun', start: shadow.start, position });

  async function foldTo(target: Position): Promise<void> {
    const told = (at: Position): void => onProgress({ phase: 'folding', position: at, target });
    position = await foldUpTo(target, shadow.projection, {
      ...options,
      ...{ lease, after: position, onProgress: told },
    });
    throwIfAborted(signal);
  }

  async function follow(): Promise<void> {
    for (let before = Number.POSITIVE_INFINITY; ; ) {
      await foldTo(await rebuilds.target(projection));
      const left = (await rebuilds.target(projection)) - position;
      // Where events come as fast as they are folded it never gets nearer.
      if (left <= fewEvents || (left <= mostEvents && left >= before)) return;
      before = left;
    }
  }

  await follow();
  onProgress({ phase: 'indexing' });
  await rebuilds.complete(projection);
  await follow();
  onProgress({ phase: 'comparing' });
  return rebuilds.exchange(projection, {
    ...{ lease, isForced, catchUp: foldTo },
    foldOn: async (unit, { to, ...given }) => {
      await foldUpTo(to, unit, { log, signal, ...given });
      throwIfAborted(signal);
    },
  });
}

/** In one schema there is a name once, also where the tables are in several. */
function refuseSharedName(projection: AnyProjection, all: readonly AnyProjection[]): void {
  const others = all.filter(({ name }) => name !== projection.name);
  const taken = new Map(
    others.flatMap((one) => tablesOf(one).map((table) => [getTableName(table), one.name])),
  );
  for (const name of tablesOf(projection).map(getTableName)) {
    const other = taken.get(name);
    if (other !== undefined)
      throw new LivefoldError(
        'REBUILD_REFUSED',
        `The projections "${projection.name}" and "${other}" both have a table named "${name}", and a rebuild needs that name for one: rename one of the tables.`,
        { fields: { projection: projection.name } },
      );
    taken.set(name, projection.name);
  }
}
