import { compareText } from '../../kernel/text.ts';
import { checkAppend } from '../../persistence/check-append.ts';
import { checkFollows } from '../../persistence/judge-append.ts';
import type { LogArchive, StoredCommand } from '../../persistence/log-archive.ts';
import { appendConflict } from '../../persistence/refusals.ts';
import { keepEvent } from './keep-event.ts';
import type { MemoryState } from './memory-state.ts';
import type { MemoryWriter } from './memory-writer.ts';

export function createMemoryArchive(state: MemoryState, writer: MemoryWriter): LogArchive {
  return {
    async *readCommands({ after, upTo }) {
      yield* [...state.commands.values()]
        .filter(({ position }) => position > after && position <= upTo)
        .sort(byPositionAndId);
    },

    async restore({ events, commands }) {
      const item = { events };
      checkAppend(item);
      await writer.run((transaction) => {
        checkFollows(events, transaction);
        for (const event of events) {
          if (transaction.hasId(event.id))
            throw appendConflict(item, `an event with the id ${event.id} is in the log already`);
          transaction.addEvent(keepEvent(event));
        }
        for (const { id, fingerprint, position, events: count } of commands) {
          // An import that was killed and is done again brings those that it stored before.
          if (transaction.findCommand(id) === undefined)
            transaction.addCommand({ id, fingerprint, position, events: count });
        }
      });
    },

    /** The index is made with the events, in this process: nobody can have changed one without the other. */
    async checkTags() {
      return { checked: state.log.tagged, faults: [] };
    },
  };
}

function byPositionAndId(one: StoredCommand, other: StoredCommand): number {
  return one.position - other.position || compareText(one.id, other.id);
}
