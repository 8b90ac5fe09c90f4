import { Bell } from '../../kernel/async.ts';
import type { WakeUp } from '../../messaging/wake-up.ts';
import type { Connection } from './connection.ts';
import type { SqliteFile } from './sqlite-file.ts';
import { SqliteLog } from './sqlite-log.ts';

/** What another process commits is noticed within so many milliseconds; to look costs a few microseconds. */
const interval = 25;

/** Rings when this process or another one has committed to the file; until it is stopped, or the file closed. */
export function watchFile(file: SqliteFile): WakeUp {
  const bell = new Bell();
  const stopping = new AbortController();
  const signal = AbortSignal.any([stopping.signal, file.closing]);
  let known = 0;
  const hear = (position: number): void => {
    if (position <= known) return;
    known = position;
    bell.ring();
  };

  async function watch(): Promise<void> {
    let version = -1;
    while (!signal.aborted) {
      const { rings } = file.writer.bell;
      try {
        const found = file.read('looking for changes', dataVersion);
        if (found !== version) hear(file.read('reading its head', (one) => new SqliteLog(one).head));
        version = found;
      } catch {
        // Whoever is rung reads for itself and meets the error, which it can tell somebody.
        bell.ring();
      }
      await file.writer.bell.wait(rings, { signal, timeout: interval });
    }
  }

  const watching = watch();
  const stop = async (): Promise<void> => {
    stopping.abort();
    await watching;
  };
  return { bell, hear, stop, [Symbol.asyncDispose]: stop };
}

/** Changes when another connection than the reader's has committed: this process's writer, or another process. */
function dataVersion(connection: Connection): number {
  return connection.get<[number]>('pragma data_version')?.[0] ?? 0;
}
