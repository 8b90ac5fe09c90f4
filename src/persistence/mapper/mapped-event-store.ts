import type { StoredEvent } from '../../domain/event.ts';
import { arrivedTogether } from '../../kernel/arrived-together.ts';
import { flattenPages } from '../../kernel/flatten-pages.ts';
import type { AppendItem, EventStore } from '../event-store.ts';
import type { Mapper } from './mapper.ts';

/** So many events share a look-up of keys: enough to hide the round trip, few enough to keep the stream flowing. */
const mostTogether = 500;

/**
 * An event store with a mapper before it: what is appended is encoded, what is read is decoded. What an event forgets is
 * forgotten with its append. Beside what the store throws:
 *
 * @throws LivefoldError what `Mapper.encode` throws, before anything is sent; reading, what `Mapper.decode` throws
 */
export function createMappedEventStore<Transaction>(
  inner: EventStore<Transaction>,
  mapper: Mapper,
): EventStore<Transaction> {
  return {
    async append(item, options) {
      const events = await mapper.encode(item.events, { transaction: options?.transaction });
      const forget = forgottenBy(item);
      try {
        return await inner.append({ ...item, events, ...(forget.length > 0 && { forget }) }, options);
      } finally {
        // Also when it failed: nobody knows then whether it is stored. In a transaction nobody is forgotten before its commit.
        if (options?.transaction === undefined) mapper.forget(forget);
      }
    },
    receiptOf: (command, options) => inner.receiptOf(command, options),
    read(query, options) {
      const isCommitted = options?.transaction === undefined;
      return flattenPages(decodePages(inner.read(query, options), { mapper, isCommitted }));
    },
    head: () => inner.head(),
  };
}

/** The subjects that the item names, and those that its events forget. */
function forgottenBy({ events, forget = [] }: AppendItem): readonly string[] {
  const subjects = events.flatMap(({ forgets = [] }) => forgets);
  return subjects.length === 0 ? forget : [...new Set([...forget, ...subjects])];
}

async function* decodePages(
  events: AsyncIterable<StoredEvent>,
  { mapper, isCommitted }: { readonly mapper: Mapper; readonly isCommitted: boolean },
): AsyncGenerator<readonly StoredEvent[]> {
  for await (const page of arrivedTogether(events, mostTogether))
    yield await mapper.decode(page, { isCommitted });
}
