import { judgeFault } from '../../consumption/fault.ts';
import { type FoldedBatch, foldBatch } from '../../consumption/fold-batch.ts';
import type { RowChange } from '../../consumption/fold-rows.ts';
import { keyEvents } from '../../consumption/key-events.ts';
import type { AnyProjection } from '../../consumption/projection.ts';
import type { ProjectionBatch } from '../../consumption/read-models.ts';
import type { LivefoldError } from '../../kernel/errors.ts';
import type { Session } from './database.ts';
import { findReadable } from './find-readable.ts';
import { asKept, keepBack } from './keep-back.ts';
import { findRows } from './read-table.ts';
import { isRowFault } from './row-fault.ts';
import { run } from './statement.ts';
import type { LivefoldTables } from './tables.ts';
import { writeBySql } from './write-by-sql.ts';
import { writeInParts } from './write-in-parts.ts';
import { movePosition, writeRows } from './write-rows.ts';

export type ApplyOptions = {
  readonly session: Session;
  /** For a transaction of several statements, where one will not do; without it that fails instead. */
  readonly pool?: Session;
  readonly tables: LivefoldTables;
};

const nobody: ReadonlySet<string> = new Set();

/**
 * Folds a batch into the table. The rows are read before the statement that writes: they change only together with the
 * position, so if that still stands where the batch begins, they are as they were read. A shard's rows change only together with
 * the position of that shard. What was parked is folded between two batches, never during one.
 */
export async function applyBatch(
  projection: AnyProjection,
  batch: ProjectionBatch,
  { session, pool, tables }: ApplyOptions,
): Promise<readonly RowChange[] | 'unknown' | null> {
  const parked = batch.parked ?? nobody;
  const judge = (fault: LivefoldError): void => {
    if (batch.parked === undefined) throw fault;
    judgeFault(projection, fault);
  };
  const { keyed, keptBack: unkeyed } = await keyEvents(projection, batch.events, { parked, judge });
  if (projection.isSql && keyed.length + unkeyed.length > 0) {
    const options = { session: pool ?? session, tables, parked, judge };
    const kept = await writeBySql(projection, batch, { keyed, keptBack: unkeyed }, options);
    if (kept !== null) batch.parked?.add(kept);
    return kept && 'unknown';
  }
  const keys = new Set(keyed.map(({ key }) => key));
  const wanted = [...keys].filter((key) => !parked.has(key));
  const readable = await findReadable(projection, wanted, (some) => findRows(session, projection, some));
  const { changes, keptBack } = await foldBatch(projection, keyed, { ...readable, parked, judge });
  const written = await write({ changes, keptBack: [...unkeyed, ...keptBack] });
  if (written === null) return null;
  batch.parked?.add(written.keptBack);
  return written.changes;

  async function write(folded: FoldedBatch): Promise<FoldedBatch | null> {
    try {
      return (await writeRows(session, tables, projection, batch, folded)) ? folded : null;
    } catch (error) {
      if (!isRowFault(error) || pool === undefined) throw error;
      return pool.transaction((transaction) => writeWhatIsTaken(transaction, folded));
    }
  }

  async function writeWhatIsTaken(transaction: Session, folded: FoldedBatch): Promise<FoldedBatch | null> {
    if (!(await movePosition(transaction, tables, projection, batch))) return null;
    const parts = await writeInParts(transaction, folded, { tables, projection, keyed, judge });
    if (parts.keptBack.length > 0)
      await run(transaction, keepBack(tables, projection.name, asKept(parts.keptBack)), () => undefined);
    return parts;
  }
}
