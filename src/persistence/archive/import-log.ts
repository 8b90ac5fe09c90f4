import type { StoredEvent } from '../../domain/event.ts';
import { everything } from '../../domain/query.ts';
import { throwIfAborted } from '../../kernel/async.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import type { Position } from '../event-store.ts';
import type { StoredKey } from '../key-store.ts';
import type { StoredCommand } from '../log-archive.ts';
import type { Persistence } from '../persistence.ts';
import { eventLine } from './event-line.ts';
import { type ArchiveEntry, readArchive } from './read-archive.ts';

export type ImportResult = {
  readonly events: number;
  readonly commands: number;
  readonly keys: number;
  /** Events that the log held already. */
  readonly known: number;
};

export type ImportOptions = {
  /** `size` is the archive's number of events; 0 until it is known. */
  readonly onProgress?: (step: {
    readonly phase: 'checking' | 'importing';
    readonly position: Position;
    readonly size: number;
  }) => void;
  readonly signal?: AbortSignal;
};

type Target = Pick<Persistence, 'events' | 'keys' | 'archive'>;

type Part = {
  readonly events: StoredEvent[];
  readonly commands: StoredCommand[];
  readonly keys: StoredKey[];
};

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
  { onProgress = () => {}, signal }: ImportOptions = {},
): Promise<ImportResult> {
  let size = 0;
  for await (const entry of readArchive(open())) {
    throwIfAborted(signal);
    if (!('event' in entry)) continue;
    size = entry.event.position;
    onProgress({ phase: 'checking', position: size, size: 0 });
  }
  const head = await target.events.head();
  if (head > size) throw conflict(size + 1, `the log has ${head} events and the archive ${size}`);

  const counts = { events: 0, commands: 0, keys: 0, known: head };
  for await (const part of partsOf(unknown(target, open, head))) {
    throwIfAborted(signal);
    await store(target, part);
    for (const kind of ['events', 'commands', 'keys'] as const) counts[kind] += part[kind].length;
    onProgress({ phase: 'importing', position: head + counts.events, size });
  }
  return counts;
}

/** The archive's entries without the events that the log has; those are compared. */
async function* unknown(
  { events }: Target,
  open: () => AsyncIterable<string>,
  head: Position,
): AsyncGenerator<ArchiveEntry> {
  const known = events.read(everything, { before: head + 1 })[Symbol.asyncIterator]();
  try {
    for await (const entry of readArchive(open())) {
      if (!('event' in entry) || entry.event.position > head) {
        yield entry;
        continue;
      }
      const { value } = await known.next();
      if (value === undefined || eventLine(value) !== eventLine(entry.event))
        throw conflict(entry.event.position, 'the log and the archive have different events there');
    }
  } finally {
    await known.return?.();
  }
}

/** Entries in parts that are stored together. A part ends before an event, so that an event and its commands are in one, or before a key. */
async function* partsOf(entries: AsyncIterable<ArchiveEntry>): AsyncGenerator<Part> {
  let part: Part = { events: [], commands: [], keys: [] };
  for await (const entry of entries) {
    if (!('command' in entry) && part.events.length + part.commands.length + part.keys.length >= chunk) {
      yield part;
      part = { events: [], commands: [], keys: [] };
    }
    if ('event' in entry) part.events.push(entry.event);
    else if ('command' in entry) part.commands.push(entry.command);
    else part.keys.push(entry.key);
  }
  yield part;
}

async function store(target: Target, { events, commands, keys }: Part): Promise<void> {
  if (keys.length > 0) await target.keys.addKeys(keys);
  if (events.length + commands.length > 0) await target.archive.restore({ events, commands });
}

function conflict(position: Position, why: string): LivefoldError {
  return new LivefoldError(
    'ARCHIVE_CONFLICT',
    `The archive does not fit the log at position ${position}: ${why}. Import into an empty database.`,
    { fields: { position } },
  );
}
