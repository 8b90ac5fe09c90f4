import { Bell } from '../kernel/async.ts';
import type { Consumer } from './consumer.ts';
import type { UnitState } from './lease-store.ts';
import type { Members } from './members.ts';
import type { AnyProcessManager } from './process-manager.ts';
import { type ReactOptions, react } from './process-reactions.ts';
import { consumerOf } from './process-store.ts';

export type ProcessRunOptions = Pick<
  ReactOptions,
  'log' | 'store' | 'parked' | 'execute' | 'clock' | 'logger'
> & {
  /** The processes of which one runs it at a time. */
  readonly members: Members;
};

/** A process manager that runs in this process, or in another one. */
export interface RunningProcessManager {
  /** Leaves it to other processes. */
  stop(): Promise<void>;
}

/**
 * Runs a process manager in whichever process has its lease: sends what its reactions say, then stores states, timers and
 * position in one transaction. A crash between the two sends the same commands again under the same ids, which does nothing.
 */
export function runProcessManager(
  manager: AnyProcessManager,
  options: ProcessRunOptions,
): RunningProcessManager {
  let state: UnitState | undefined;
  const asked = new Bell();
  const consumer: Consumer = {
    name: consumerOf(manager.name),
    shards: 1,
    stateOf: (unit) => (unit === consumer.name ? state : undefined),
    work: (held, signal) =>
      react(manager, {
        ...options,
        held,
        asked,
        signal,
        say: (said) => {
          state = said;
        },
      }),
    level: async () => {},
    look: () => {},
    hear: () => {},
    hearParked: () => {
      asked.ring();
      // It waits for events, timers and this at one bell.
      options.log.bell.ring();
    },
  };
  options.members.add(consumer);
  return { stop: () => options.members.remove(consumer) };
}
