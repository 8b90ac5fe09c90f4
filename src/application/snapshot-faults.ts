import { isLivefoldError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';

/** Counts what went wrong with snapshots. None of it fails a load or a command: the events are there. */
export class SnapshotFaults {
  readonly #logger: Logger;
  readonly #counts = new Map<string, number>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** How often each error code came; `UNEXPECTED` stands for errors that are not Livefold's. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  count(error: unknown, during: { readonly doing: 'load' | 'save'; readonly stream: string }): void {
    const code = isLivefoldError(error) ? error.code : 'UNEXPECTED';
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    this.#logger.warn({ ...during, code, error }, `A snapshot was passed over: its ${during.doing} failed.`);
  }
}
