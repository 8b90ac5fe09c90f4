import { createHash } from 'node:crypto';
import type { StoredEvent } from '../../domain/event.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import type { StoredKey } from '../key-store.ts';
import type { StoredCommand } from '../log-archive.ts';
import { eventOfLine } from './event-line.ts';
import { archiveHeader, endLine } from './export-log.ts';

/** What one line of an archive holds. */
export type ArchiveEntry =
  | { readonly event: StoredEvent }
  | { readonly command: StoredCommand }
  | { readonly key: StoredKey };

/**
 * What an archive holds, in its order. The last line is compared with what came before it, so whoever reads to the end
 * knows that every byte is as it was written.
 *
 * @throws LivefoldError `ARCHIVE_DAMAGED` naming the line: no archive, a line that is none, cut off, or changed
 */
export async function* readArchive(lines: AsyncIterable<string>): AsyncGenerator<ArchiveEntry> {
  const proof = createHash('sha256');
  let number = 0;
  let head = 0;
  let hasEnded = false;
  for await (const text of lines) {
    number += 1;
    if (number === 1 && text !== archiveHeader) throw damaged(1, 'this is not an archive of a Livefold log');
    if (hasEnded) throw damaged(number, 'something follows on the last line');
    hasEnded = text.startsWith('{"end"');
    if (hasEnded && text !== endLine(proof.copy().digest('hex')))
      throw damaged(number, 'the last line does not fit what comes before it: something was changed');
    proof.update(text).update('\n');
    if (number === 1 || hasEnded) continue;
    const entry = parse(text, number);
    if ('event' in entry) {
      head += 1;
      if (entry.event.position !== head) throw damaged(number, `event ${head} was to come`);
    }
    yield entry;
  }
  if (!hasEnded) throw damaged(number + 1, 'the last line is missing: the file was cut off');
}

function parse(text: string, number: number): ArchiveEntry {
  try {
    // The proof at the end of the archive shows that it is as `exportLog` wrote it.
    const line = JSON.parse(text) as Record<'event' | 'command' | 'key', Record<string, unknown>>;
    if (line.event !== undefined) return { event: eventOfLine(line.event) };
    if (line.command !== undefined) return { command: line.command as unknown as StoredCommand };
    if (line.key !== undefined) return { key: keyOf(line.key as Record<string, string | null>) };
  } catch {
    throw damaged(number, 'it is no JSON');
  }
  throw damaged(number, 'it holds nothing that an archive holds');
}

function keyOf(key: Readonly<Record<string, string | null>>): StoredKey {
  const { id, masterId, subject = null, wrapped = null } = key;
  return {
    ...{ id: String(id), masterId: String(masterId), subject },
    wrapped: wrapped === null ? null : new Uint8Array(Buffer.from(wrapped, 'base64')),
  };
}

function damaged(line: number, why: string): LivefoldError {
  return new LivefoldError(
    'ARCHIVE_DAMAGED',
    `The archive cannot be used, line ${line}: ${why}. Export it again.`,
    { fields: { line } },
  );
}
