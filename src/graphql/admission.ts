import type { ExecutionArgs } from 'graphql';
import { anonymous, type Caller } from './auth/caller.ts';
import { costOf } from './cost.ts';
import { countValues } from './count-values.ts';
import { exceeded, type Limits } from './limits.ts';
import { RateLimit } from './rate-limit.ts';

/**
 * Lets in what has arrived, once it is known whose it is, and what it asks for: its caller pays from then on. The second time for
 * one arrival it does nothing.
 */
export type Admit = (caller: Caller, args?: ExecutionArgs) => void;

/**
 * Lets something arrive that nobody has looked at yet, on any transport: an HTTP request, a connection, an operation on one. Who has
 * connected already pays for what it tries; of others there is only the address.
 */
export type Arrive = (from: { readonly address: string; readonly caller?: Caller | undefined }) => Admit;

/** Points that it takes to look at something: reading it, and finding out who asks and whether it is an operation, is work too. */
export const arrivalCost = 100;

/**
 * Makes what takes points from callers: some when something arrives, which its caller pays back to whoever was charged, and an
 * operation's own, which only its variables tell. What turns out to be no operation, or nobody's, remains the charged one's debt. Such
 * attempts are counted apart: who makes many does not keep others of the same address from what they may.
 *
 * @throws GraphQLError `LIMIT_EXCEEDED` from `Admit`
 * @throws LivefoldError `RATE_LIMITED` from both
 */
export function createAdmission(limits: Pick<Limits, 'cost' | 'values' | 'rate'>): Arrive {
  const { cost: most, rate } = limits;
  const limit = rate === Infinity ? undefined : new RateLimit({ perSecond: rate });
  return ({ address, caller: known = anonymous }) => {
    const charged = `attempts of ${nameOf(known, address)}`;
    limit?.spend(charged, arrivalCost);
    let isAdmitted = false;
    return (caller, args) => {
      if (isAdmitted) return;
      const values = countValues(args?.variableValues, limits);
      const cost = args === undefined ? 0 : costOf(args) + values;
      if (cost > most)
        throw exceeded('cost', `The operation costs more than ${most} points: ask for less at a time.`);
      limit?.spend(nameOf(caller, address), arrivalCost + cost);
      limit?.giveBack(charged, arrivalCost);
      isAdmitted = true;
    };
  };
}

function nameOf({ subject }: Caller, address: string): string {
  return subject === null ? `address ${address}` : `subject ${subject}`;
}
