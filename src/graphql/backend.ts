import type { Execute } from '../application/execute.ts';
import type { AggregateLoader } from '../application/repository.ts';
import type { EventLog } from '../consumption/event-log.ts';
import type { LiveReader } from '../consumption/live-reader.ts';
import type { LogWatches } from '../consumption/log-watches.ts';
import type { PastRows } from '../consumption/past-rows.ts';
import type { RunningProjection } from '../consumption/projection-runner.ts';
import type { ReadModels } from '../consumption/read-models.ts';
import type { EventStore } from '../persistence/event-store.ts';
import type { Transcoder } from '../persistence/mapper/transcoder.ts';
import type { RevocationStore } from '../persistence/revocation-store.ts';

/** The running backend, as resolvers see it. */
export interface Backend {
  readonly execute: Execute;
  readonly store: EventStore;
  readonly repository: AggregateLoader;
  /** The log as this process's consumers share it. */
  readonly log: EventLog;
  /** Follows it for whoever waits for events. */
  readonly logWatches: LogWatches;
  readonly models: ReadModels;
  /** Reads projections that have no table. */
  readonly live: LiveReader;
  /** What the projections' rows were. */
  readonly past: PastRows;
  /** Writes values that JSON lacks for programs that read the log from afar. */
  readonly transcoder: Transcoder;
  readonly revocations: RevocationStore;
  /** By name. */
  readonly projections: ReadonlyMap<string, RunningProjection>;
  /** The names of its process managers, as consumers of the log have them: `process:fulfilment`. */
  readonly processManagers: readonly string[];
}
