import type { Clock } from '../../kernel/clock.ts';
import { rootCause } from '../../kernel/errors.ts';
import { flattenPages } from '../../kernel/flatten-pages.ts';
import { checkAppend } from '../../persistence/check-append.ts';
import type { EventStore, Receipt } from '../../persistence/event-store.ts';
import { findCommand, isEmptyAppend, receiptOf } from '../../persistence/judge-append.ts';
import { appendConflict } from '../../persistence/refusals.ts';
import { appendEvents, receiptOfCommand } from './append-events.ts';
import type { Connection } from './connection.ts';
import { readPages } from './read-events.ts';
import { isConstraint } from './sqlite-error.ts';
import type { SqliteFile } from './sqlite-file.ts';
import { SqliteLog } from './sqlite-log.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';

export function createSqliteEventStore(file: SqliteFile, clock: Clock): EventStore<SqliteTransaction> {
  return {
    async append(item, { transaction } = {}) {
      checkAppend(item);
      if (isEmptyAppend(item)) {
        const position = file.read('reading its head', (one) => new SqliteLog(one).head, { transaction });
        return receiptOf([], { position, duplicate: false });
      }
      try {
        return await file.write('appending events', (connection) => appendEvents(connection, item, clock()), {
          transaction,
          events: item.events.length,
        });
      } catch (error) {
        // Positions and versions are drawn under the lock, so that only an id can be taken.
        if (isConstraint(rootCause(error)))
          throw appendConflict(item, 'an event with one of these ids is in the log already', error);
        throw error;
      }
    },

    async receiptOf(command, { transaction } = {}) {
      const read = (one: Connection): Receipt | null => {
        const known = findCommand(command, new SqliteLog(one));
        return known === undefined ? null : receiptOfCommand(one, known);
      };
      return file.read('looking up a command', read, { transaction });
    },

    read: (query, options = {}) => flattenPages(readPages(file, query, options)),

    async head() {
      return file.read('reading its head', (one) => new SqliteLog(one).head);
    },
  };
}
