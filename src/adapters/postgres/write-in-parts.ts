import type { FoldedBatch } from '../../consumption/fold-batch.ts';
import { type Changes, foldKey, type RowChange } from '../../consumption/fold-rows.ts';
import type { KeptBack, KeyedEvent } from '../../consumption/key-events.ts';
import type { AnyProjection, AnyRow } from '../../consumption/projection.ts';
import { holderOf } from '../../consumption/stream-key.ts';
import type { LivefoldError } from '../../kernel/errors.ts';
import type { Position } from '../../persistence/event-store.ts';
import type { Session } from './database.ts';
import { isRowFault, rowRefused } from './row-fault.ts';
import type { LivefoldTables } from './tables.ts';
import { writeChanges } from './write-rows.ts';

export type PartsOptions = {
  readonly tables: LivefoldTables;
  readonly projection: AnyProjection;
  /** The events that the changes were folded from. */
  readonly keyed: readonly KeyedEvent[];
  /** Is shown each fault; the event is kept back unless this throws. */
  readonly judge: (fault: LivefoldError) => void;
  /** The position that the rows get; that of the event that changed each last unless given. */
  readonly at?: Position;
};

type Refused = { readonly change: RowChange; readonly fault: LivefoldError };

/**
 * Writes what the database takes of a batch, in the caller's transaction, and keeps back what it refuses: the rows of each refused key are written up to the
 * event whose row is. The answer is what was written and what is kept back.
 */
export async function writeInParts(
  transaction: Session,
  { changes, keptBack }: FoldedBatch,
  options: PartsOptions,
): Promise<FoldedBatch> {
  const refused = await writeAllBut(transaction, changes, options);
  const written = new Set(changes);
  const more: KeptBack[] = [];
  const partly: RowChange[] = [];
  for (const { change, fault } of refused) {
    options.judge(fault);
    written.delete(change);
    const events = foldedEvents(change.key, keptBack, options);
    const { last, upTo } = await writeUpTo(transaction, change, events, options);
    if (last !== undefined) partly.push(last);
    more.push(
      ...events.slice(upTo).map(({ key, event }, index) => ({
        ...{ key: holderOf(options.projection, key, event), event },
        fault: index === 0 ? fault : null,
      })),
    );
  }
  const late = new Set(more.map(({ key }) => key));
  // Those that waited behind an event that is kept back anew are behind it still.
  return {
    changes: [...written, ...partly],
    keptBack: [...more, ...keptBack.map((one) => (late.has(one.key) ? { ...one, fault: null } : one))],
  };
}

/** Writes all changes but those that are refused, half of them at a time where there are such; gives those. */
async function writeAllBut(
  transaction: Session,
  changes: readonly RowChange[],
  options: PartsOptions,
): Promise<readonly Refused[]> {
  const [only] = changes;
  if (only === undefined) return [];
  const fault = await tryToWrite(transaction, changes, options);
  if (fault === undefined) return [];
  if (changes.length === 1) return [{ change: only, fault }];
  const middle = Math.ceil(changes.length / 2);
  const first = await writeAllBut(transaction, changes.slice(0, middle), options);
  return [...first, ...(await writeAllBut(transaction, changes.slice(middle), options))];
}

/** Writes changes at a savepoint; gives the fault when they are refused, and nothing is written. */
async function tryToWrite(
  transaction: Session,
  changes: readonly RowChange[],
  { tables, projection, at }: PartsOptions,
): Promise<LivefoldError | undefined> {
  const placed = at === undefined ? changes : changes.map((change) => ({ ...change, position: at }));
  try {
    await transaction.transaction((savepoint) => writeChanges(savepoint, tables, projection, placed));
    return undefined;
  } catch (error) {
    if (!isRowFault(error)) throw error;
    return rowRefused(projection, { cause: error });
  }
}

/** The events that a key's change was folded from: those that were kept back before are not among them. */
function foldedEvents(
  key: string,
  keptBack: readonly KeptBack[],
  { keyed, projection }: PartsOptions,
): readonly KeyedEvent[] {
  const isHeld = ({ event }: KeyedEvent): boolean =>
    keptBack.some((one) => one.event === event && one.key === holderOf(projection, key, event));
  return keyed.filter((one) => one.key === key && !isHeld(one));
}

/** Writes a refused key's row as it was before the event whose row is refused; `upTo` events made it. */
async function writeUpTo(
  transaction: Session,
  { key, before }: RowChange,
  events: readonly KeyedEvent[],
  options: PartsOptions,
): Promise<{ readonly last: RowChange | undefined; readonly upTo: number }> {
  const states = statesOf(options.projection, key, before, events);
  let last: RowChange | undefined;
  let taken = 0;
  let refused = events.length;
  while (refused - taken > 1) {
    const middle = Math.floor((taken + refused) / 2);
    const state = states[middle - 1];
    const fault = state && (await tryToWrite(transaction, [state], options));
    if (fault !== undefined) refused = middle;
    else {
      taken = middle;
      last = state;
    }
  }
  return { last, upTo: taken };
}

/** The key's change after each event; undefined as long as there is none. */
function statesOf(
  projection: AnyProjection,
  key: string,
  before: AnyRow | undefined,
  events: readonly KeyedEvent[],
): readonly (RowChange | undefined)[] {
  const rows = new Map(before === undefined ? [] : [[key, before] as const]);
  const changes: Changes = new Map();
  return events.map((one) => {
    foldKey(projection, one, rows, changes);
    return changes.get(key);
  });
}
