import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { stopSignal } from '../main/stop-signal.ts';
import { exportLog } from '../persistence/archive/export-log.ts';
import { importLog } from '../persistence/archive/import-log.ts';
import { readLines, writeLines } from './archive-file.ts';
import { openBackendStorage } from './open-backend-storage.ts';
import { progressBar } from './progress-bar.ts';
import { ProgressLine } from './progress-line.ts';

const n = (count: number): string => count.toLocaleString('en');

/** Writes the whole log to a file. */
export async function exportCommand(
  backend: BackendDefinition,
  file: string,
  { keys: withKeys = false }: { readonly keys?: boolean },
): Promise<void> {
  await using storage = await openBackendStorage(backend);
  using progress = new ProgressLine();
  let events = 0;
  const lines = exportLog(storage.stored, {
    withKeys,
    signal: stopSignal(),
    onProgress: (position, head) => {
      events = position;
      progress.show(progressBar(position, head, 'events'));
    },
  });
  await writeLines(file, lines);
  progress.clear();
  // Standard output may be the archive itself.
  console.error(`${n(events)} events written to ${file === '-' ? 'standard output' : file}`);
  const [key] = withKeys ? [] : await storage.stored.keys.listKeys({ limit: 1 });
  if (key !== undefined)
    console.error('The keys are not in it: what is sealed can be read elsewhere only with `--keys`.');
}

/** Brings the log of a file into an empty database; the read tables follow when the backend starts. */
export async function importLogCommand(backend: BackendDefinition, file: string): Promise<void> {
  await using storage = await openBackendStorage(backend);
  using progress = new ProgressLine();
  const { events, commands, keys, known } = await importLog(storage.stored, () => readLines(file), {
    signal: stopSignal(),
    onProgress: ({ phase, position, size }) =>
      progress.show(
        phase === 'checking' ? `checking: ${n(position)} events` : progressBar(position, size, 'events'),
      ),
  });
  progress.clear();
  console.log(
    `${n(events)} events, ${n(commands)} commands and ${n(keys)} keys imported; ${n(known)} events were there already`,
  );
}
