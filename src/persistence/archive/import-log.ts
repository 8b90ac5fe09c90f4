import type { StoredEvent } from '../../domain/event.ts';
import { everything } from '../../domain/query.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import type { Position } from '../event-store.ts';
import type { StoredKey } from '../key-store.ts';
import type { StoredCommand } from '../log-archive.ts';
import type { Persistence } from '../persistence.ts';
import { eventLine } from './event-line.ts';
import { readArchive } from './read-archive.ts';

export type ImportResult = {
  readonly events: number;
  readonly commands: number;
  readonly keys: number;
  /** Events that the log held already. */
  readonly known: number;
};

type Target = Pick<Persistence, 'events' | 'keys' | 'archive'>;

const chunk = 1_000;

/**
 * Brings an archive into a store: an empty one, or one whose log is the beginning of the archive, as an import that was
 * killed leaves it. The archive is read twice: nothing of a damaged one is stored.
 *
 * @param open gives the archive's lines from the start, each time that it is called
 * @throws LivefoldError `ARCHIVE_DAMAGED`
 * @throws LivefoldError `ARCHIVE_CONFLICT` when the log has an event that the archive has not, naming its position
 */
export async function importLog(
  target: Target,
  open: () => AsyncIterable<string>,
  onProgress: (phase: 'checking' | 'importing', position: Position) => void = () => {},
): Promise<ImportResult> {
  let size = 0;
  for await (const entry of readArchive(open()))
    if ('event' in entry) {
      size = entry.event.position;
      onProgress('checking', size);
    }
  const head = await target.events.head();
  if (head > size) throw conflict(size + 1, `the log has ${head} events and the archive ${size}`);

  const known = target.events.read(everything)[Symbol.asyncIterator]();
  const counts = { events: 0, commands: 0, keys: 0, known: 0 };
  let part: { events: StoredEvent[]; commands: StoredCommand[]; keys: StoredKey[] } = emptyPart();
  for await (const entry of readArchive(open())) {
    // A chunk ends before an event, so that an event and its commands are stored together.
    if ('event' in entry && part.events.length + part.commands.length >= chunk) await store();
    if ('command' in entry) part.commands.push(entry.command);
    else if ('key' in entry) part.keys.push(entry.key);
    else if (entry.event.position > head) part.events.push(entry.event);
    else await compare(entry.event);
  }
  await store();
  return counts;

  async function compare(event: StoredEvent): Promise<void> {
    const { value } = await known.next();
    if (value === undefined || eventLine(value) !== eventLine(event))
      throw conflict(event.position, 'the log and the archive have different events there');
    counts.known += 1;
  }

  async function store(): Promise<void> {
    const { events, commands, keys } = part;
    part = emptyPart();
    if (keys.length > 0) await target.keys.addKeys(keys);
    if (events.length > 0 || commands.length > 0) await target.archive.restore({ events, commands });
    counts.events += events.length;
    counts.commands += commands.length;
    counts.keys += keys.length;
    onProgress('importing', events.at(-1)?.position ?? head);
  }
}

function emptyPart() {
  return { events: [], commands: [], keys: [] };
}

function conflict(position: Position, why: string): LivefoldError {
  return new LivefoldError(
    'ARCHIVE_CONFLICT',
    `The archive does not fit the log at position ${position}: ${why}. Import into an empty database.`,
    { fields: { position } },
  );
}
