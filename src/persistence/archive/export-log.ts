import { createHash } from 'node:crypto';
import { everything } from '../../domain/query.ts';
import { throwIfAborted } from '../../kernel/async.ts';
import { chunks } from '../../kernel/chunks.ts';
import { canonicalJson } from '../../kernel/json.ts';
import { allKeys } from '../all-keys.ts';
import type { Position } from '../event-store.ts';
import type { StoredKey } from '../key-store.ts';
import type { StoredCommand } from '../log-archive.ts';
import type { Persistence } from '../persistence.ts';
import { eventLine } from './event-line.ts';

/** The first line of every archive. */
export const archiveHeader = canonicalJson({ format: 'livefold log', version: 1 });

export type ExportOptions = {
  /** Adds the wrapped keys, without which sealed events cannot be read elsewhere. A subject forgotten later stays readable for who has both the archive and the master key. */
  readonly withKeys?: boolean;
  readonly onProgress?: (position: Position, head: Position) => void;
  readonly signal?: AbortSignal;
};

type Source = Pick<Persistence, 'events' | 'keys' | 'archive'>;

/** So many events are read before the commands that led to them are looked up. */
const chunk = 1_000;

/**
 * The log up to its present head as lines of text, without line ends: a header, each event with the commands that ended at
 * it, on request the keys, and a last line that proves all others. The same log gives the same lines, whichever store holds
 * it. The events come as they are stored: `source` is the store without a mapper.
 */
export async function* exportLog(source: Source, options: ExportOptions = {}): AsyncGenerator<string> {
  const proof = createHash('sha256');
  for await (const line of contentLines(source, options)) {
    proof.update(line).update('\n');
    yield line;
  }
  yield endLine(proof.digest('hex'));
}

/** The last line of an archive: SHA-256 over all lines before it, each with a line end. */
export function endLine(sha256: string): string {
  return canonicalJson({ end: { sha256 } });
}

async function* contentLines(
  source: Source,
  { withKeys = false, onProgress, signal }: ExportOptions,
): AsyncGenerator<string> {
  const head = await source.events.head();
  let after: Position = -1;
  yield archiveHeader;
  for await (const events of chunks(source.events.read(everything, { before: head + 1 }), chunk)) {
    throwIfAborted(signal);
    const upTo = events.at(-1)?.position ?? head;
    const commands = Map.groupBy(
      await Array.fromAsync(source.archive.readCommands({ after, upTo })),
      ({ position }) => position,
    );
    yield* (commands.get(0) ?? []).map(commandLine);
    for (const event of events) {
      yield `{"event":${eventLine(event)}}`;
      yield* (commands.get(event.position) ?? []).map(commandLine);
    }
    after = upTo;
    onProgress?.(upTo, head);
  }
  if (withKeys) for await (const key of allKeys(source.keys)) yield keyLine(key);
}

function commandLine(command: StoredCommand): string {
  return canonicalJson({ command });
}

function keyLine({ wrapped, ...key }: StoredKey): string {
  return canonicalJson({
    key: { ...key, wrapped: wrapped === null ? null : Buffer.from(wrapped).toString('base64') },
  });
}
