import { LivefoldError } from '../kernel/errors.ts';
import type { AppendItem } from './event-store.ts';

const longestName = 255;
const longestData = 1024 * 1024;

/**
 * Refuses what no store can keep, before anything is sent.
 *
 * @throws LivefoldError `INVALID_APPEND`, naming the event and what is wrong with it
 */
export function checkAppend(item: AppendItem): void {
  for (const event of item.events) {
    checkName('stream', event.stream);
    checkName('type', event.type);
    for (const tag of event.tags) checkName('tag', tag);
    const text = JSON.stringify(event.data);
    if (text === undefined) throw invalid(`The data of ${event.type} is no JSON value.`, { type: event.type });
    // JSON.stringify writes NUL and lone surrogates as escapes, which Postgres cannot keep in jsonb.
    if (/(?<!\\)(\\\\)*\\u(0000|d[89a-f][0-9a-f]{2})/i.test(text)) throw invalid(`The data of ${event.type} holds a NUL character or half a surrogate pair.`, { type: event.type });
    if (Buffer.byteLength(text) > longestData) throw invalid(`The data of ${event.type} is larger than 1 MiB: keep large content elsewhere and store a reference.`, { type: event.type });
  }
}

function checkName(what: string, value: string): void {
  if (value.length === 0 || value.length > longestName) {
    throw invalid(`A ${what} has 1 to ${longestName} characters, not ${value.length}.`, { [what]: value.slice(0, longestName) });
  }
  if (value.includes('\0') || !value.isWellFormed()) throw invalid(`A ${what} holds a NUL character or half a surrogate pair.`, { [what]: value });
}

function invalid(message: string, fields: Record<string, unknown>): LivefoldError {
  return new LivefoldError('INVALID_APPEND', message, { fields });
}
