import { rootCause } from '../../kernel/errors.ts';
import { checkAppend } from '../../persistence/check-append.ts';
import { checkFollows } from '../../persistence/judge-append.ts';
import type { LogArchive, StoredCommand } from '../../persistence/log-archive.ts';
import { appendConflict } from '../../persistence/refusals.ts';
import { insertCommand } from './append-events.ts';
import { checkTags } from './check-tags.ts';
import type { Connection } from './connection.ts';
import { insertEvent } from './event-row.ts';
import { isConstraint } from './sqlite-error.ts';
import type { SqliteFile } from './sqlite-file.ts';
import { SqliteLog } from './sqlite-log.ts';

const pageSize = 1_000;

type CommandRow = readonly [id: string, fingerprint: string, position: number, events: number];

export function createSqliteArchive(file: SqliteFile): LogArchive {
  return {
    async *readCommands({ after, upTo }) {
      let last: CommandRow | undefined;
      do {
        const page = file.read('reading commands', (connection) =>
          readCommandPage(connection, [last?.[2] ?? after, last?.[0]], upTo),
        );
        yield* page.map(decodeCommand);
        last = page.at(-1);
      } while (last !== undefined);
    },

    async restore({ events, commands }) {
      const item = { events };
      checkAppend(item);
      try {
        await file.write(
          'restoring events',
          (connection) => {
            const log = new SqliteLog(connection);
            checkFollows(events, log);
            for (const event of events) insertEvent(connection, event);
            // An import that was killed and is done again brings those that it stored before.
            for (const command of commands)
              if (log.findCommand(command.id) === undefined) insertCommand(connection, command);
          },
          { events: events.length },
        );
      } catch (error) {
        if (isConstraint(rootCause(error)))
          throw appendConflict(item, 'an event with one of these ids is in the log already', error);
        throw error;
      }
    },

    checkTags: () => checkTags(file),
  };
}

/** Without an id, the commands behind a position; with one, those behind that command at the position too. */
function readCommandPage(
  connection: Connection,
  [position, id]: readonly [number, string | undefined],
  upTo: number,
): readonly CommandRow[] {
  return connection.all<CommandRow>(
    `select id, fingerprint, position, events from commands
     where (position, id) > (?, ?) and position <= ? order by position, id limit ?`,
    id === undefined ? position + 1 : position,
    id ?? '',
    upTo,
    pageSize,
  );
}

function decodeCommand([id, fingerprint, position, events]: CommandRow): StoredCommand {
  return { id, fingerprint, position, events };
}
