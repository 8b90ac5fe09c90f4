import { consumerConflict } from '../../persistence/refusals.ts';
import type { Tracking } from '../../persistence/tracking.ts';
import type { MemoryTransaction } from './memory-transaction.ts';
import type { MemoryWriter } from './memory-writer.ts';

export function createMemoryTracking(writer: MemoryWriter): Tracking<MemoryTransaction> {
  return {
    async positionOf(consumer) {
      return writer.view(undefined).positionOf(consumer) ?? null;
    },

    async advance(consumer, position, { transaction } = {}) {
      if (transaction === undefined) return writer.run((own) => advance(own, consumer, position));
      advance(transaction.checkOpen(), consumer, position);
    },
  };
}

function advance(transaction: MemoryTransaction, consumer: string, position: number): void {
  const current = transaction.positionOf(consumer);
  if (current !== undefined && current >= position) throw consumerConflict(consumer, position, current);
  transaction.advance(consumer, position);
}
