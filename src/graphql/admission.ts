import type { ExecutionArgs } from 'graphql';
import type { Caller } from './auth/caller.ts';
import { costOf } from './cost.ts';
import { exceeded, type Limits } from './limits.ts';
import { RateLimit } from './rate-limit.ts';

/** Lets an operation in that is ready to execute, on every transport, or throws. */
export type Admit = (
  args: ExecutionArgs,
  from: { readonly caller: Caller; readonly address: string },
) => void;

/**
 * Makes what counts an operation's points, which only its variables tell, and takes them from what its caller has left.
 *
 * @throws GraphQLError `LIMIT_EXCEEDED` from the function it gives
 * @throws LivefoldError `RATE_LIMITED` from the function it gives
 */
export function createAdmission({ cost: most, rate }: Pick<Limits, 'cost' | 'rate'>): Admit {
  const limit = rate === Infinity ? undefined : new RateLimit({ perSecond: rate });
  return (args, { caller, address }) => {
    const cost = costOf(args);
    if (cost > most)
      throw exceeded('cost', `The operation costs more than ${most} points: ask for less at a time.`);
    limit?.spend(
      caller.subject === null ? `address ${address}` : `subject ${caller.subject}`,
      Math.max(1, cost),
    );
  };
}
