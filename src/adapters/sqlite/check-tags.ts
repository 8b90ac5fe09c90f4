import { nextTurn } from '../../kernel/async.ts';
import type { LogArchive, TagFault } from '../../persistence/log-archive.ts';
import type { Connection } from './connection.ts';
import type { SqliteFile } from './sqlite-file.ts';
import { SqliteLog } from './sqlite-log.ts';

const pageSize = 2_000;
const mostFaults = 100;

/** Looks for each event's tags in the index, and for each entry of the index in its event. */
export async function checkTags(file: SqliteFile): ReturnType<LogArchive['checkTags']> {
  const faults: TagFault[] = [];
  const read = <Result>(work: (connection: Connection) => Result): Result =>
    file.read('checking its tags', work);
  const head = read((connection) => new SqliteLog(connection).head);
  let checked = 0;
  for (let after = 0; after < head; after += pageSize) {
    const tags = read((connection) => tagsOfEvents(connection, after));
    checked += tags.length;
    faults.push(...faultsAmong(tags, true));
    await nextTurn();
  }
  for (let last: TagRow | undefined = ['', 0, 1]; last !== undefined; ) {
    const entries: readonly TagRow[] = read((connection) => entriesBehind(connection, last));
    faults.push(...faultsAmong(entries, false));
    last = entries.at(-1);
    await nextTurn();
  }
  return { checked, faults: faults.slice(0, mostFaults) };
}

/** A tag of an event, or an entry of the index, and how many it meets in the other. */
type TagRow = readonly [tag: string, position: number, met: number];

function tagsOfEvents(connection: Connection, after: number): readonly TagRow[] {
  return connection.all<TagRow>(
    `select j.value, e.position, (select count(*) from tags t where t.tag = j.value and t.position = e.position)
     from events e cross join json_each(e.tags) j where e.position > ? and e.position <= ?`,
    after,
    after + pageSize,
  );
}

function entriesBehind(connection: Connection, [tag, position]: TagRow = ['', 0, 1]): readonly TagRow[] {
  return connection.all<TagRow>(
    `select t.tag, t.position, (
       select count(*) from events e cross join json_each(e.tags) j where e.position = t.position and j.value = t.tag)
     from tags t where (t.tag, t.position) > (?, ?) order by t.tag, t.position limit ?`,
    tag,
    position,
    pageSize,
  );
}

function faultsAmong(rows: readonly TagRow[], isMissing: boolean): readonly TagFault[] {
  return rows
    .filter(([, , met]) => met === 0)
    .slice(0, mostFaults)
    .map(([tag, position]) => ({ tag, position, isMissing }));
}
