import { and, asc, eq, gt, lte } from 'drizzle-orm';
import type { AppendItem, Receipt } from '../../persistence/event-store.ts';
import { receiptOf } from '../../persistence/judge-append.ts';
import { commandIdReused } from '../../persistence/refusals.ts';
import type { Session } from './database.ts';
import type { LivefoldTables } from './tables.ts';

/**
 * The receipt of a command that was stored; `null` for one that was not.
 *
 * @throws LivefoldError `COMMAND_ID_REUSED`
 */
export async function findReceipt(
  session: Session,
  { commands, events }: LivefoldTables,
  command: NonNullable<AppendItem['command']>,
): Promise<Receipt | null> {
  const [known] = await session
    .select()
    .from(commands)
    .where(eq(commands.id, command.id))
    .prepare('livefold_command')
    .execute();
  if (known === undefined) return null;
  if (known.fingerprint !== command.fingerprint) throw commandIdReused(command.id);
  const { id, stream, version, position } = events;
  const stored = await session
    .select({ id, stream, version })
    .from(events)
    .where(and(gt(position, known.position - known.events), lte(position, known.position)))
    .orderBy(asc(position))
    .prepare('livefold_receipt')
    .execute();
  return receiptOf(stored, { position: known.position, duplicate: true });
}
