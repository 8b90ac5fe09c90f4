import type { LivefoldError } from '../kernel/errors.ts';
import { faultOf, timedOut } from './fault.ts';
import { type Changes, foldKey, type RowChange, thatLast } from './fold-rows.ts';
import type { KeptBack, KeyedEvent } from './key-events.ts';
import type { AnyProjection, AnyRow } from './projection.ts';
import { holderOf } from './stream-key.ts';
import { workInTurns } from './work-in-turns.ts';

/** What a batch did: the rows that changed, each once, and the events that are kept back. */
export type FoldedBatch = {
  readonly changes: readonly RowChange[];
  readonly keptBack: readonly KeptBack[];
};

export type FoldBatchOptions = {
  /** The rows that exist. */
  readonly rows: ReadonlyMap<string, AnyRow>;
  /** Keys that have events kept back: theirs queue behind those. */
  readonly parked: { has(key: string): boolean };
  /** Is shown each fault; the event is kept back unless this throws. */
  readonly judge: (fault: LivefoldError) => void;
  /** Keys whose rows the database refuses to look for. */
  readonly refused: ReadonlyMap<string, LivefoldError>;
  /** Is told what has become of a row behind each event that was folded into it. */
  readonly onFolded?: (one: KeyedEvent, change: RowChange | undefined) => void;
};

/**
 * Folds events into rows, in order. An event that cannot be folded is kept back with its fault, and so are the later events of its key; the row
 * stays as it was before. It takes the process's only thread for a moment at a time.
 */
export async function foldBatch(
  projection: AnyProjection,
  keyed: readonly KeyedEvent[],
  { rows, parked, judge, refused, onFolded }: FoldBatchOptions,
): Promise<FoldedBatch> {
  const changes: Changes = new Map();
  const keptBack: KeptBack[] = [];
  const held = new Set<string>();
  const hold = (one: KeyedEvent, fault: LivefoldError): void => {
    judge(fault);
    held.add(one.key);
    keptBack.push({ ...one, key: holderOf(projection, one.key, one.event), fault });
  };
  await workInTurns(keyed, projection.timeout, {
    work(one) {
      if (held.has(one.key) || parked.has(one.key)) {
        keptBack.push({ ...one, key: holderOf(projection, one.key, one.event), fault: null });
        return;
      }
      try {
        const refusal = refused.get(one.key);
        if (refusal !== undefined) throw refusal;
        foldKey(projection, one, rows, changes);
      } catch (error) {
        hold(one, faultOf(error, { projection: projection.name, ...one }));
        return;
      }
      onFolded?.(one, changes.get(one.key));
    },
    onTimeout: (one) => hold(one, timedOut(projection, one.event, one.key)),
  });
  return { changes: thatLast(changes), keptBack };
}
