import { importRetail, type RetailSummary } from '../app/retail/import-retail.ts';
import { RejectsFile } from '../app/retail/rejects-file.ts';
import { shop } from '../app/shop.ts';
import { readBackendEnvironment } from '../main/backend-environment.ts';
import { createLogger } from '../main/create-logger.ts';
import { type RunningBackend, startBackend } from '../main/start-backend.ts';
import { stopSignal } from '../main/stop-signal.ts';
import { ProgressLine } from './progress-line.ts';

/** Imports retail files, brings the read tables up to date, and prints what happened. */
export async function importRetailCommand(
  files: readonly string[],
  options: { readonly rejects: string; readonly json?: boolean },
): Promise<void> {
  const { storage, logLevel } = readBackendEnvironment(shop, process.env);
  const start = performance.now();
  const signal = stopSignal();
  await using rejects = await RejectsFile.create(options.rejects);
  await using backend = await startBackend(shop, { ...storage, logger: createLogger(logLevel) });
  using progress = new ProgressLine();
  const onProgress = (bytes: number, total: number, { rows }: RetailSummary): void =>
    progress.show(`reading ${percent(bytes, total)} · ${rows.toLocaleString('en')} rows`);
  const summary = await importRetail(files, { execute: backend.execute, rejects, signal, onProgress });
  await catchUp(backend, progress);
  progress.clear();
  report({ ...summary, seconds: Math.round(performance.now() - start) / 1_000 }, options);
}

/** The read tables are as much part of an import as its events: it ends when they show it. */
async function catchUp(backend: RunningBackend, progress: ProgressLine): Promise<void> {
  const head = await backend.log.head();
  for (const running of backend.projections.values()) {
    progress.show(`projections: ${running.projection.name} ${percent(running.feed.position, head)}`);
    await running.waitFor(head, { timeout: Number.POSITIVE_INFINITY });
  }
}

function report(
  result: RetailSummary & { readonly seconds: number },
  options: { readonly rejects: string; readonly json?: boolean },
): void {
  if (options.json === true) {
    console.log(JSON.stringify(result));
    return;
  }
  const n = (count: number): string => count.toLocaleString('en');
  console.log(
    `${n(result.rows)} rows read: ${n(result.accepted)} accepted, ${n(result.rejected)} rejected (see ${options.rejects})`,
  );
  console.log(
    `${n(result.orders)} orders and ${n(result.returns)} returns; ${n(result.events)} new events in ${result.seconds} s`,
  );
}

function percent(part: number, whole: number): string {
  return `${whole === 0 ? 100 : Math.floor((part / whole) * 100)} %`;
}
