import type { StoredEvent } from '../../domain/event.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import type { Application } from './application.ts';
import { type OpenPipe, openSystem, type SystemOptions } from './open-system.ts';
import type { OpenApplication } from './place.ts';
import type { Pipe, System } from './system.ts';

/** An event that was carried from one application to another. */
export type Step = Pipe & { readonly event: StoredEvent };

/** A system that moves only when it is told to. */
export interface SteppedSystem {
  /** An application, to send commands to. @throws LivefoldError `INVALID_SYSTEM` when it has no persistence here */
  open(application: Application): OpenApplication;
  /** Carries the next event of the first pipe that has one; `undefined` when all is quiet. */
  step(): Promise<Step | undefined>;
  /**
   * Steps until all is quiet; the answer is the steps taken.
   *
   * @throws LivefoldError `SYSTEM_RESTLESS` after `most` steps, 10,000 unless given: a loop that never ends, perhaps
   */
  settle(options?: { readonly most?: number }): Promise<readonly Step[]>;
}

/**
 * Runs a system one event at a time, in the order of its pipes: the same commands give the same logs each time. For tests;
 * errors reach the caller.
 *
 * @throws LivefoldError `INVALID_SYSTEM`
 */
export function stepSystem(definition: System, options: SystemOptions): SteppedSystem {
  const { open, pipes } = openSystem(definition, { ...options, signal: new AbortController().signal });

  async function step(): Promise<Step | undefined> {
    for (const pipe of pipes) {
      const event = await nextOf(pipe);
      if (event === undefined) continue;
      await pipe.link.carry(event);
      return { ...pipe.link.pipe, event };
    }
    return undefined;
  }

  async function settle({ most = 10_000 }: { readonly most?: number } = {}): Promise<readonly Step[]> {
    const steps: Step[] = [];
    for (let taken = await step(); taken !== undefined; taken = await step()) {
      steps.push(taken);
      if (steps.length === most) throw restless(taken, most);
    }
    return steps;
  }

  return { open, step, settle };
}

async function nextOf({ link, log }: OpenPipe): Promise<StoredEvent | undefined> {
  const after = await link.position();
  for await (const event of log.read(link.query, { after, limit: 1 })) return event;
  return undefined;
}

function restless({ upstream, follower, event }: Step, most: number): LivefoldError {
  return new LivefoldError(
    'SYSTEM_RESTLESS',
    `The system is not quiet after ${most} steps; the last one carried ${event.type} from "${upstream.name}" to "${follower.name}". See whether its loops end.`,
    { fields: { steps: most, type: event.type } },
  );
}
