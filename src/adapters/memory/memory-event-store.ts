import type { StoredEvent } from '../../domain/event.ts';
import type { Query } from '../../domain/query.ts';
import { nextTurn, throwIfAborted } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import { flattenPages } from '../../kernel/flatten-pages.ts';
import { checkAppend } from '../../persistence/check-append.ts';
import type { AppendItem, EventStore, ReadOptions, Receipt } from '../../persistence/event-store.ts';
import { findCommand, isEmptyAppend, judgeAppend, receiptOf } from '../../persistence/judge-append.ts';
import type { StoredCommand } from '../../persistence/log-archive.ts';
import { appendConflict } from '../../persistence/refusals.ts';
import { keepEvent, showEvent } from './keep-event.ts';
import type { MemoryTransaction } from './memory-transaction.ts';
import type { MemoryWriter } from './memory-writer.ts';

/** A reader that is slow over its events lets others have their turn after so many. */
const pageSize = 1_000;

export function createMemoryEventStore(writer: MemoryWriter, clock: Clock): EventStore<MemoryTransaction> {
  return {
    async append(item, { transaction } = {}) {
      checkAppend(item);
      if (isEmptyAppend(item))
        return receiptOf([], { position: writer.view(transaction).head, duplicate: false });
      if (transaction !== undefined) return append(transaction.checkOpen(), item, clock());
      return writer.run((own) => append(own, item, clock()));
    },

    async receiptOf(command, { transaction } = {}) {
      const view = writer.view(transaction);
      const known = findCommand(command, view);
      return known === undefined ? null : receiptOfCommand(view, known);
    },

    read: (query, options = {}) => flattenPages(readPages(writer, query, options)),

    async head() {
      return writer.view(undefined).head;
    },
  };
}

function append(transaction: MemoryTransaction, item: AppendItem, now: Date): Receipt {
  const known = judgeAppend(item, transaction);
  if (known !== undefined) return receiptOfCommand(transaction, known);
  checkIds(transaction, item);
  // A clock that was set back must not make recorded times fall along the log.
  const recordedAt = new Date(Math.max(now.getTime(), transaction.recorded ?? now.getTime()));
  const stored = item.events.map((event) => {
    const version = transaction.versionOf(event.stream) + 1;
    const kept = keepEvent({ ...event, position: transaction.head + 1, version, recordedAt });
    transaction.addEvent(kept);
    return kept;
  });
  const position = transaction.head;
  if (item.command !== undefined)
    transaction.addCommand({ ...item.command, position, events: stored.length });
  transaction.forget(item.forget ?? []);
  return receiptOf(stored, { position, duplicate: false });
}

function checkIds(transaction: MemoryTransaction, item: AppendItem): void {
  const ids = item.events.map(({ id }) => id.toLowerCase());
  if (new Set(ids).size < ids.length || ids.some((id) => transaction.hasId(id)))
    throw appendConflict(item, 'an event with one of these ids is in the log already');
}

function receiptOfCommand(log: MemoryTransaction, { position, events }: StoredCommand): Receipt {
  const positions = Array.from({ length: events }, (_, index) => position - events + 1 + index);
  const stored = positions.map((each) => log.at(each)).filter((event) => event !== undefined);
  return receiptOf(stored, { position, duplicate: true });
}

async function* readPages(
  writer: MemoryWriter,
  query: Query,
  options: ReadOptions<MemoryTransaction>,
): AsyncGenerator<readonly StoredEvent[]> {
  const { asOf, backwards = false, limit = Number.POSITIVE_INFINITY, signal } = options;
  throwIfAborted(signal);
  const view = writer.view(options.transaction);
  const end = asOf === undefined ? view.head + 1 : view.endOf(asOf);
  const before = Math.min(end, options.before ?? end);
  const events = view.select(query, { after: options.after ?? 0, before, backwards });
  for (let left = limit; left > 0; left -= pageSize) {
    // All of it is here, and would be read without letting anybody else of the process have a turn.
    await nextTurn();
    throwIfAborted(signal);
    const page = takePage(events, Math.min(left, pageSize));
    yield page;
    if (page.length < pageSize) return;
  }
}

function takePage(events: Generator<StoredEvent>, size: number): readonly StoredEvent[] {
  const page: StoredEvent[] = [];
  while (page.length < size) {
    const next = events.next();
    if (next.done === true) break;
    page.push(showEvent(next.value));
  }
  return page;
}
