import type { AggregateCommand } from '../domain/aggregate.ts';
import type { EventStore, Receipt } from '../persistence/event-store.ts';
import type { Attempt, DecidingContext } from './attempt.ts';
import { decideAcross } from './decide-across.ts';
import { type Decided, decideOnAggregates, type States } from './decide-on-aggregates.ts';
import { type Commands, checkedStream } from './executable.ts';
import type { Repository } from './repository.ts';

/** Lets commands decide. `isFresh` asks for the state from the log, and not for what is in memory or guessed. */
export type Decide = (commands: Commands, context: DecidingContext, isFresh: boolean) => Promise<Attempt>;

/** The aggregates that commands go to, by their streams. */
type Targets = ReadonlyMap<string, Pick<AggregateCommand, 'aggregate' | 'id'>>;

/** What an attempt on aggregates is made from; the cache's epoch is that before they were loaded. */
type Basis = { readonly targets: Targets; readonly states: States; readonly epoch: number };

/** Makes the function that loads what commands decide from, and lets them decide. */
export function createDecider({
  store,
  repository,
}: {
  readonly store: EventStore;
  readonly repository: Repository;
}): Decide {
  return async (commands, context, isFresh) => {
    if ('kind' in commands) return decideAcross(commands, context, store);
    const targets = targetsOf(commands);
    const { epoch } = repository.cache;
    if (!isFresh) {
      const guess = attempt(commands, context, { targets, states: guessStates(targets), epoch });
      // A guess may be wrong. The append finds that out; but only the log itself may say no, or that there is nothing to do.
      if (guess.events.length > 0) return guess;
    }
    return attempt(commands, context, { targets, states: await loadStates(targets, context), epoch });
  };

  function guessStates(targets: Targets): States {
    return new Map(
      [...targets].map(([stream, { aggregate, id }]) => [stream, repository.guess(aggregate, id)]),
    );
  }

  async function loadStates(targets: Targets, { transaction, signal }: DecidingContext): Promise<States> {
    const loading = [...targets].map(
      async ([stream, { aggregate, id }]) =>
        [stream, await repository.loadFresh(aggregate, id, { transaction, signal })] as const,
    );
    return new Map(await Promise.all(loading));
  }

  function attempt(commands: readonly AggregateCommand[], context: DecidingContext, basis: Basis): Attempt {
    const decided = decideOnAggregates(commands, basis.states, context);
    const expected = [...basis.states].map(([stream, { version }]) => ({ stream, version }));
    return {
      ...decided,
      guard: { expected },
      ...(expected.at(-1) ?? { stream: '', version: 0 }),
      stored: (receipt) => keepAll(decided, basis, receipt),
      refused: () => {
        for (const { aggregate, id } of basis.targets.values()) repository.cache.forget(aggregate, id);
      },
    };
  }

  async function keepAll({ events, states }: Decided, basis: Basis, receipt: Receipt): Promise<void> {
    for (const [stream, { aggregate, id }] of basis.targets) {
      const from = basis.states.get(stream)?.version ?? 0;
      const loaded = states.get(stream);
      if (loaded === undefined || loaded.version === from) continue;
      // The events of one append stand at positions in a row, which end at the receipt's.
      const last = events.findLastIndex((event) => event.stream === stream);
      const position = receipt.position - (events.length - 1 - last);
      await repository.keep(aggregate, id, { from, loaded: { ...loaded, position }, epoch: basis.epoch });
    }
  }
}

/** @throws LivefoldError `BAD_USER_INPUT` for an id that no store can keep */
function targetsOf(commands: readonly AggregateCommand[]): Targets {
  return new Map(commands.map(({ aggregate, id }) => [checkedStream(aggregate, id), { aggregate, id }]));
}
