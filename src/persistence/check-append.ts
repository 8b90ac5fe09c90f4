import type { PreparedEvent } from '../domain/event.ts';
import { LivefoldError } from '../kernel/errors.ts';
import { isUuid } from '../kernel/ids.ts';
import { isStorableName, isStorableText, longestName } from '../kernel/storable-text.ts';
import type { AppendItem } from './event-store.ts';

const longestJson = 1024 * 1024;
const highestSchemaVersion = 32_767;

/**
 * Refuses what no store can keep, before anything is sent.
 *
 * @throws LivefoldError `INVALID_APPEND`, naming the event and what is wrong with it
 */
export function checkAppend(item: AppendItem): void {
  for (const event of item.events) checkEvent(event);
  for (const { stream, version } of item.expected ?? []) {
    checkName('stream', stream);
    if (typeof version === 'number') checkCount('expected version', version);
  }
  if (item.condition !== undefined) {
    checkCount('position', item.condition.after);
    for (const { types = [], tags = [], stream } of item.condition.query.items) {
      for (const text of [...types, ...tags, ...(stream === undefined ? [] : [stream])])
        checkText('query', text);
    }
  }
  if (item.command !== undefined) checkName('command id', item.command.id);
}

function checkEvent(event: PreparedEvent): void {
  const { type } = event;
  checkName('stream', event.stream);
  checkName('type', type);
  for (const tag of event.tags) checkName('tag', tag);
  if (!isUuid(event.id)) throw invalid(`The id of ${type} is no UUID.`, { type, id: event.id });
  if (
    !isCount(event.schemaVersion) ||
    event.schemaVersion < 1 ||
    event.schemaVersion > highestSchemaVersion
  ) {
    throw invalid(`The schema version of ${type} is a whole number from 1 to ${highestSchemaVersion}.`, {
      type,
    });
  }
  // Years beyond four digits have a sign in ISO 8601, which Postgres does not read.
  const year = event.occurredAt.getUTCFullYear();
  if (!(year >= 1 && year <= 9_999))
    throw invalid(`The time at which ${type} occurred is none between the years 1 and 9999.`, { type });
  for (const text of [event.correlationId, event.causationId, event.actor, event.tenant])
    if (text !== null) checkText('envelope field', text);
  checkJson(event, 'data');
  if (event.metadata !== null) checkJson(event, 'metadata');
}

function checkJson(event: PreparedEvent, part: 'data' | 'metadata'): void {
  const { type } = event;
  const text = toJson(event, part);
  // JSON.stringify writes NUL and lone surrogates as escapes, which Postgres cannot keep in jsonb.
  if (text.includes('\\u') && /(?<!\\)(\\\\)*\\u(0000|d[89a-f][0-9a-f]{2})/.test(text))
    throw invalid(`The ${part} of ${type} holds a NUL character or half a surrogate pair.`, { type });
  if (Buffer.byteLength(text) > longestJson)
    throw invalid(
      `The ${part} of ${type} is larger than 1 MiB: keep large content elsewhere and store a reference.`,
      { type },
    );
}

function toJson(event: PreparedEvent, part: 'data' | 'metadata'): string {
  const { type } = event;
  try {
    const text: string | undefined = JSON.stringify(event[part]);
    if (text !== undefined) return text;
  } catch (cause) {
    // A bigint, or a value that holds itself.
    throw new LivefoldError('INVALID_APPEND', `The ${part} of ${type} is no JSON value.`, {
      fields: { type },
      cause,
    });
  }
  throw invalid(`The ${part} of ${type} is no JSON value.`, { type });
}

function checkName(what: string, value: string): void {
  if (!isStorableName(value)) {
    throw invalid(
      `A ${what} has 1 to ${longestName} characters, none of them NUL or half a surrogate pair.`,
      { [what]: value.slice(0, longestName) },
    );
  }
}

function checkText(what: string, value: string): void {
  if (!isStorableText(value))
    throw invalid(`A ${what} holds a NUL character or half a surrogate pair.`, {
      [what]: value.slice(0, longestName),
    });
}

function checkCount(what: string, value: number): void {
  if (!isCount(value)) throw invalid(`The ${what} ${value} is no whole number from 0.`, { [what]: value });
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function invalid(message: string, fields: Record<string, unknown>): LivefoldError {
  return new LivefoldError('INVALID_APPEND', message, { fields });
}
