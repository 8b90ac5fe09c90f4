import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { AnyProjection } from '../consumption/projection.ts';
import { type ListedProjection, listKnown } from '../consumption/rebuild/projection-list.ts';
import { type RebuildStep, rebuildProjection } from '../consumption/rebuild/rebuild-projection.ts';
import type { Comparison, Outcome } from '../consumption/rebuild/rebuilds.ts';
import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { LivefoldError } from '../kernel/errors.ts';
import { silentLogger } from '../kernel/log.ts';
import type { Storage } from '../main/open-storage.ts';
import { stopSignal } from '../main/stop-signal.ts';
import { openBackendStorage } from './open-backend-storage.ts';
import { PacedBar } from './progress-bar.ts';
import { ProgressLine } from './progress-line.ts';
import { textTable } from './text-table.ts';

const n = (count: number): string => count.toLocaleString('en');

/** Tells how all projections are doing, from the database alone: a server need not be up. */
export async function listProjectionsCommand(
  backend: BackendDefinition,
  { json = false }: { readonly json?: boolean },
): Promise<void> {
  await using storage = await openBackendStorage(backend);
  const first = await look(backend, storage);
  // A rate takes two looks, and where nobody works there is none.
  const isAtWork = first.some(({ owners }) => owners.length > 0);
  if (isAtWork) await delay(1_000);
  const listed = isAtWork ? await look(backend, storage) : first;
  const rows = listed.map((one) => {
    const before = first.find(({ name }) => name === one.name)?.position ?? one.position;
    return { ...one, rate: Math.max(0, one.position - before) };
  });
  if (json) return console.log(JSON.stringify(rows));
  const header = ['NAME', 'STATUS', 'POSITION', 'LAG', 'RATE', 'SHARDS', 'PARKED', 'OUTDATED', 'OWNER'];
  const lines = rows.map((row) => [
    ...[row.name, row.status, n(row.position), n(row.lag), `${n(row.rate)}/s`, n(row.shards), n(row.parked)],
    ...[row.isOutdated ? 'yes' : 'no', row.owners.join(', ') || '–'],
  ]);
  for (const line of textTable([header, ...lines], [2, 3, 4, 5, 6])) console.log(line);
  for (const { name, lastError } of rows) if (lastError !== null) console.log(`${name}: ${lastError}`);
}

async function look(
  { projections }: BackendDefinition,
  { records }: Storage,
): Promise<readonly ListedProjection[]> {
  return listKnown(projections, await records.list(projections.map(({ name }) => name)));
}

/** Builds a projection's table anew beside the one that serves, and puts it in its place. */
export async function rebuildCommand(
  backend: BackendDefinition,
  name: string,
  { force = false }: { readonly force?: boolean },
): Promise<void> {
  const projection = definedProjection(backend, name);
  await using storage = await openBackendStorage(backend);
  using progress = new ProgressLine();
  const bar = new PacedBar();
  const outcome = await rebuildProjection(projection, {
    ...{ rebuilds: storage.rebuilds, log: storage.log, models: storage.models, store: storage.leases },
    ...{ news: storage.wakeUp.news, name: `${hostname()}:${process.pid}`, logger: silentLogger },
    ...{ projections: backend.projections, isForced: force, signal: stopSignal() },
    onProgress: (step) => tell(step, progress, bar),
  });
  progress.clear();
  report(projection, outcome);
}

function tell(step: RebuildStep, progress: ProgressLine, bar: PacedBar): void {
  if (step.phase === 'folding') progress.show(bar.show(step.position, step.target, 'events'));
  if (step.phase === 'indexing') progress.show('making the indexes');
  if (step.phase === 'comparing') progress.show('comparing');
  if (step.phase !== 'begun' || step.start === 'new') return;
  console.error(
    step.start === 'resumed'
      ? `Going on at position ${n(step.position)}, where the last rebuild was stopped.`
      : 'Beginning anew: what the last rebuild had built is of another definition.',
  );
}

function report({ name }: AnyProjection, { comparison, isExchanged, position }: Outcome): void {
  console.log(comparison === null ? 'The old table could not be compared.' : compared(comparison));
  for (const { key, is } of comparison?.examples ?? []) console.log(`    ${key}: ${said[is]}`);
  console.log(
    isExchanged
      ? `The new table of "${name}" serves since position ${n(position)}. The old one is kept: \`livefold projections rollback ${name}\` puts it back, \`livefold projections discard ${name}\` drops it.`
      : `The tables are identical at position ${n(position)}, so the new one was dropped.`,
  );
}

const said: Readonly<Record<Comparison['examples'][number]['is'], string>> = {
  different: 'different',
  onlyOld: 'only in the old table',
  onlyNew: 'only in the new table',
};

function compared({ equal, different, onlyOld, onlyNew }: Comparison): string {
  return `${n(equal)} rows are equal, ${n(different)} different, ${n(onlyOld)} only in the old table, ${n(onlyNew)} only in the new one.`;
}

/** Puts the table that a rebuild replaced back. */
export async function rollBackCommand(backend: BackendDefinition, name: string): Promise<void> {
  const projection = definedProjection(backend, name);
  await using storage = await openBackendStorage(backend);
  const position = await storage.rebuilds.rollBack(projection);
  console.log(
    `The table of "${name}" from before the rebuild serves again, from position ${n(position)} on; the other one is kept in its stead.`,
  );
}

/** Drops what rebuilds of a projection have left. */
export async function discardCommand(backend: BackendDefinition, name: string): Promise<void> {
  const projection = definedProjection(backend, name);
  await using storage = await openBackendStorage(backend);
  const { old, unfinished } = await storage.rebuilds.discard(projection);
  const dropped = [...(old ? ['the old table'] : []), ...(unfinished ? ['the unfinished table'] : [])];
  console.log(dropped.length === 0 ? 'There was nothing to drop.' : `Dropped: ${dropped.join(', ')}.`);
}

/** Gives a projection's position and all else that is kept about it to another name. */
export async function renameCommand(backend: BackendDefinition, from: string, to: string): Promise<void> {
  definedProjection(backend, to);
  await using storage = await openBackendStorage(backend);
  await storage.records.rename(from, to);
  console.log(`What was kept about "${from}" is "${to}"'s now.`);
}

/** Deletes what is kept about a projection that is not defined any more. */
export async function removeCommand(backend: BackendDefinition, name: string): Promise<void> {
  if (backend.projections.some((projection) => projection.name === name))
    throw new LivefoldError(
      'PROJECTION_IN_USE',
      `The projection "${name}" is among those of the backend "${backend.name}": take it out there first.`,
    );
  await using storage = await openBackendStorage(backend);
  await storage.records.remove(name);
  console.log(`Nothing is kept about "${name}" any more. Its table is yours: drop it by a migration.`);
}

function definedProjection({ name: backend, projections }: BackendDefinition, name: string): AnyProjection {
  const projection = projections.find((one) => one.name === name);
  if (projection !== undefined) return projection;
  throw new LivefoldError(
    'UNKNOWN_PROJECTION',
    `The backend "${backend}" has no projection "${name}": it has ${projections.map((one) => one.name).join(', ')}.`,
  );
}
