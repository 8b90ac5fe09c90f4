import type { StoredEvent } from '../../domain/event.ts';
import { canonicalJson } from '../../kernel/json.ts';

/**
 * An event, as the log holds it, on one line of JSON: equal events give equal bytes, in whatever store they are. Keys stand in
 * code-unit order, sealed data is base64. This is the form that leaves a store, and the one that the hash chain runs over.
 */
export function eventLine(event: StoredEvent): string {
  const { data, occurredAt, recordedAt, personal: _, forgets: __, ...envelope } = event;
  return canonicalJson({
    ...envelope,
    ...(data instanceof Uint8Array ? { sealed: Buffer.from(data).toString('base64') } : { data }),
    occurredAt: occurredAt.toISOString(),
    recordedAt: recordedAt.toISOString(),
  });
}

/** What `eventLine` wrote, parsed: the same event again. */
export function eventOfLine(line: Readonly<Record<string, unknown>>): StoredEvent {
  const { sealed, occurredAt, recordedAt, ...rest } = line;
  // The file's own hash was checked: what it holds is what `eventLine` wrote.
  return {
    ...rest,
    data: typeof sealed === 'string' ? new Uint8Array(Buffer.from(sealed, 'base64')) : rest.data,
    occurredAt: new Date(String(occurredAt)),
    recordedAt: new Date(String(recordedAt)),
  } as StoredEvent;
}
