import type { StoredEvent } from '../domain/event.ts';
import type { Query } from '../domain/query.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { AppendItem, ExpectedVersion, Position, Receipt } from './event-store.ts';
import type { StoredCommand } from './log-archive.ts';
import { appendConflict, commandIdReused } from './refusals.ts';

/** The log as an append finds it, from a store that answers at once and lets nobody else write meanwhile. */
export interface LogState {
  readonly head: Position;
  /** When the last event was recorded, in milliseconds since 1970; `undefined` for an empty log. */
  readonly recorded: number | undefined;
  findCommand(id: string): StoredCommand | undefined;
  /** The version of a stream: 0 for one that nobody wrote. */
  versionOf(stream: string): number;
  /** Whether an event behind the position matches. */
  hasMatch(query: Query, after: Position): boolean;
}

/**
 * Whether an append holds: `undefined`, or the command that it would carry out a second time.
 *
 * @throws LivefoldError `CONCURRENCY_CONFLICT`, `COMMAND_ID_REUSED`
 */
export function judgeAppend(item: AppendItem, log: LogState): StoredCommand | undefined {
  // Before all else: what was carried out stays so, even if its expectations would fail now.
  const known = item.command && findCommand(item.command, log);
  if (known !== undefined) return known;
  for (const { stream, version } of item.expected ?? [])
    if (!isMet(version, log.versionOf(stream)))
      throw appendConflict(item, 'a stream is not at the expected version');
  if (item.condition !== undefined && log.hasMatch(item.condition.query, item.condition.after))
    throw appendConflict(item, 'a newer event matches the condition');
  return undefined;
}

/** What is remembered of a command. @throws LivefoldError `COMMAND_ID_REUSED` */
export function findCommand(
  { id, fingerprint }: NonNullable<AppendItem['command']>,
  log: Pick<LogState, 'findCommand'>,
): StoredCommand | undefined {
  const known = log.findCommand(id);
  if (known !== undefined && known.fingerprint !== fingerprint) throw commandIdReused(id);
  return known;
}

/** Whether there is anything in an append for a store to keep. */
export function isEmptyAppend({ events, command, forget = [] }: AppendItem): boolean {
  return events.length === 0 && command === undefined && forget.length === 0;
}

type AppendedEvent = Pick<StoredEvent, 'id' | 'stream' | 'version'>;

/** What an append gives back, by its events, or by those of the command that it repeats. */
export function receiptOf(
  events: readonly AppendedEvent[],
  { position, duplicate }: Pick<Receipt, 'position' | 'duplicate'>,
): Receipt {
  const last = events.at(-1);
  return {
    position,
    stream: last?.stream ?? '',
    version: last?.version ?? 0,
    eventIds: events.map(({ id }) => id),
    duplicate,
  };
}

/**
 * Refuses events from another log that do not follow on this one's: each at the next position of the log and the next version of
 * its stream, recorded no earlier than the one before.
 *
 * @throws LivefoldError `CONCURRENCY_CONFLICT`
 */
export function checkFollows(
  events: readonly StoredEvent[],
  log: Pick<LogState, 'head' | 'recorded' | 'versionOf'>,
): void {
  const versions = new Map<string, number>();
  let { head, recorded = Number.NEGATIVE_INFINITY } = log;
  for (const { position, stream, version, recordedAt } of events) {
    const expected = (versions.get(stream) ?? log.versionOf(stream)) + 1;
    if (position !== head + 1 || version !== expected || recordedAt.getTime() < recorded) {
      throw new LivefoldError(
        'CONCURRENCY_CONFLICT',
        `Event ${position}, version ${version} of "${stream}", does not follow on the log: next are position ${head + 1} and version ${expected}, recorded no earlier than the last.`,
        { fields: { position, stream, version, head } },
      );
    }
    versions.set(stream, version);
    head = position;
    recorded = recordedAt.getTime();
  }
}

function isMet(expected: ExpectedVersion, version: number): boolean {
  if (expected === 'noStream') return version === 0;
  if (expected === 'streamExists') return version > 0;
  return version === expected;
}
