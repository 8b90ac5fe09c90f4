import { sql } from 'drizzle-orm';
import { flattenPages } from '../../kernel/flatten-pages.ts';
import { checkAppend } from '../../persistence/check-append.ts';
import type { Position } from '../../persistence/event-store.ts';
import type { LogArchive, StoredCommand, TagFault } from '../../persistence/log-archive.ts';
import type { Database } from './database.ts';
import { restoreLog } from './restore-log.ts';
import { run } from './statement.ts';
import { TableGrowth } from './table-growth.ts';
import { defaultSchema, livefoldTables } from './tables.ts';
import { conflictOf, translated, translateError } from './translate-error.ts';

/** So many positions are looked at together: few enough that the index over blocks of rows is worth asking. */
const window = 8_000;

/** So many commands come in one round trip. Any number of them may stand at one position: those without events. */
const mostCommands = 8_000;

const mostFaults = 100;

/** The log in Postgres as a whole. */
export function createPostgresArchive(
  { session }: Pick<Database, 'session'>,
  schema: string = defaultSchema,
): LogArchive {
  const tables = livefoldTables(schema);
  const { events, tags, commands } = tables;
  const growth = new TableGrowth(session);

  async function* commandPages(after: Position, upTo: Position): AsyncGenerator<readonly StoredCommand[]> {
    for (let start = after; start < upTo; start += window) {
      const end = Math.min(start + window, upTo);
      let last: Pick<StoredCommand, 'position' | 'id'> = { position: start + 1, id: '' };
      for (;;) {
        const page = await readCommands(last, end);
        yield page;
        if (page.length < mostCommands) break;
        last = page.at(-1) ?? last;
      }
    }
  }

  function readCommands(
    behind: Pick<StoredCommand, 'position' | 'id'>,
    upTo: Position,
  ): Promise<readonly StoredCommand[]> {
    return translated('reading commands', () =>
      run(
        session,
        // An id is never empty, so that every command of a position is behind the empty one.
        sql`select id, fingerprint, position, events from ${commands}
          where position >= ${behind.position} and position <= ${upTo} and (position, id) > (${behind.position}, ${behind.id})
          order by position, id limit ${mostCommands}`,
        ([id, fingerprint, position, count]) => ({
          id: String(id),
          fingerprint: String(fingerprint),
          position: Number(position),
          events: Number(count),
        }),
      ),
    );
  }

  return {
    readCommands: ({ after, upTo }) => flattenPages(commandPages(after, upTo)),

    async restore(part) {
      checkAppend(part);
      try {
        await session.transaction((transaction) => restoreLog(transaction, tables, part));
        for (const table of [events, tags]) await growth.add(table, part.events.length);
        await growth.add(commands, part.commands.length);
      } catch (error) {
        throw conflictOf(part, error) ?? translateError(error, 'restoring events');
      }
    },

    checkTags: () =>
      translated('comparing the index of tags with the events', async () => {
        const [checked = 0] = await run(
          session,
          sql`select coalesce(sum(cardinality(tags)), 0) from ${events}`,
          (row) => Number(row[0]),
        );
        const faults = await run(
          session,
          sql`with tagged as (select t.tag collate "C" as tag, e.position from ${events} as e, unnest(e.tags) as t(tag)),
            missing as (select tag, position from tagged except select tag, position from ${tags}),
            stray as (select tag, position from ${tags} except select tag, position from tagged)
          select tag, position, is_missing from (
            select tag, position, true as is_missing from missing union all select tag, position, false from stray) as faults
          order by position, tag limit ${mostFaults}`,
          ([tag, position, isMissing]): TagFault => ({
            tag: String(tag),
            position: Number(position),
            isMissing: isMissing === true,
          }),
        );
        return { checked, faults };
      }),
  };
}
