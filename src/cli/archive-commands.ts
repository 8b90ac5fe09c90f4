import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { stopSignal } from '../main/stop-signal.ts';
import { exportLog } from '../persistence/archive/export-log.ts';
import { importLog } from '../persistence/archive/import-log.ts';
import { readLines, writeLines } from './archive-file.ts';
import { openBackendStorage } from './open-backend-storage.ts';
import { ProgressLine } from './progress-line.ts';

/** Writes the whole log to a file. */
export async function exportCommand(
  backend: BackendDefinition,
  file: string,
  { keys }: { readonly keys?: boolean },
): Promise<void> {
  await using storage = await openBackendStorage(backend);
  using progress = new ProgressLine();
  let events = 0;
  const lines = exportLog(storage.stored, {
    withKeys: keys === true,
    signal: stopSignal(),
    onProgress: (position, head) => {
      events = position;
      progress.show(`exporting ${position.toLocaleString('en')} of ${head.toLocaleString('en')} events`);
    },
  });
  await writeLines(file, lines);
  progress.clear();
  // Standard output may be the archive itself.
  console.error(
    `${events.toLocaleString('en')} events written to ${file === '-' ? 'standard output' : file}`,
  );
}

/** Brings the log of a file into an empty database; the read tables follow when the backend starts. */
export async function importLogCommand(backend: BackendDefinition, file: string): Promise<void> {
  await using storage = await openBackendStorage(backend);
  using progress = new ProgressLine();
  const { events, commands, keys, known } = await importLog(
    storage.stored,
    () => readLines(file),
    (phase, position) => progress.show(`${phase} ${position.toLocaleString('en')} events`),
  );
  progress.clear();
  const n = (count: number): string => count.toLocaleString('en');
  console.log(
    `${n(events)} events, ${n(commands)} commands and ${n(keys)} keys imported; ${n(known)} events were there already`,
  );
}
