import { z } from 'zod';
import { aggregate, type SnapshotPolicy } from '../../src/domain/aggregate.ts';
import { event } from '../../src/domain/event.ts';
import { fold } from '../../src/domain/fold.ts';
import { reject } from '../../src/domain/rejection.ts';

/** Ledgers for tests of loading: a state that tells one order of events from another, and who signed. */
export const Entered = event('Entered', z.object({ amount: z.number() }));
export const Signed = event('Signed', z.object({ by: z.string() }), {
  personal: { subject: ({ by }) => `user:${by}`, erased: { by: 'somebody' } },
});

export const Forgotten = event('Forgotten', z.object({ user: z.string() }), {
  forgets: ({ user }) => [`user:${user}`],
});

export type LedgerState = { readonly entries: number; readonly check: number; readonly signed: string };

export const ledgerFold = fold<LedgerState>({ entries: 0, check: 0, signed: '' })
  .on(Entered, (ledger, { data }) => ({
    ...ledger,
    entries: ledger.entries + 1,
    // No two orders of the same entries give the same number.
    check: (ledger.check * 31 + data.amount) % 1_000_003,
  }))
  .on(Signed, (ledger, { data }) => ({ ...ledger, signed: data.by }));

/** The aggregate under a snapshot policy, or without one. */
export function ledgerWith(snapshots?: SnapshotPolicy) {
  return aggregate('Ledger', {
    state: ledgerFold,
    ...(snapshots && { snapshots }),
    commands: (command) => ({
      enter: command(z.object({ amounts: z.array(z.number()) }), (_, { amounts }) =>
        amounts.map((amount) => Entered({ amount })),
      ),
      forget: command(z.object({ user: z.string() }), (_, input) => Forgotten(input)),
      sign: command(z.object({ by: z.string() }), ({ signed }, { by }) =>
        signed === '' ? Signed({ by }) : reject('SIGNED_ALREADY'),
      ),
    }),
  });
}
