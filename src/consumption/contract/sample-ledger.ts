import { aggregate, type SnapshotPolicy } from '../../domain/aggregate.ts';
import { event } from '../../domain/event.ts';
import { fold } from '../../domain/fold.ts';
import { reject } from '../../domain/rejection.ts';
import { sampleSchema } from './sample-schema.ts';

const Entered = event('Entered', sampleSchema<{ readonly amount: number }>());

export type LedgerState = { readonly entries: number; readonly check: number };

/** Its state tells one order of entries from every other. */
const ledgerFold = fold<LedgerState>({ entries: 0, check: 0 }).on(
  Entered,
  ({ entries, check }, { data }) => ({
    entries: entries + 1,
    check: (check * 31 + data.amount) % 1_000_003,
  }),
);

/** An aggregate of entries, under a snapshot policy or without one. */
export function ledgerWith(snapshots?: SnapshotPolicy) {
  return aggregate('Ledger', {
    state: ledgerFold,
    ...(snapshots && { snapshots }),
    commands: (command) => ({
      enter: command(sampleSchema<readonly number[]>(), (_, amounts) =>
        amounts.map((amount) => Entered({ amount })),
      ),
      refuse: command(sampleSchema<null>(), () => reject('REFUSED')),
    }),
  });
}
