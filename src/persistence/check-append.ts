import type { PreparedEvent } from '../domain/event.ts';
import { LivefoldError } from '../kernel/errors.ts';
import { isUuid } from '../kernel/ids.ts';
import { isStorableName, isStorableText, longestName } from '../kernel/storable-text.ts';
import { faultInJson, longestData, tooLarge } from './check-json.ts';
import type { AppendItem } from './event-store.ts';

const highestSchemaVersion = 32_767;

/**
 * Refuses what no store can keep, before anything is sent.
 *
 * @throws LivefoldError `INVALID_APPEND`, naming the event and what is wrong with it
 * @throws LivefoldError `KEYS_MISSING` for personal data that no mapper has sealed
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
  for (const subject of item.forget ?? []) checkName('subject', subject);
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
  checkSealed(event);
  checkData(event, 'data', event.data);
  if (event.metadata !== null) checkData(event, 'metadata', event.metadata);
}

/** What an event says of persons is in its data once a mapper has sealed it; a store would keep it in plain text, or not at all. */
function checkSealed({ type, personal = [], forgets = [] }: PreparedEvent): void {
  if (personal.length + forgets.length === 0) return;
  const what = personal.length > 0 ? 'has personal fields' : 'forgets a subject';
  throw new LivefoldError(
    'KEYS_MISSING',
    `${type} ${what}, and the store has no mapper before it: \`createMappedEventStore(store, createMapper({ keys }))\`.`,
    { fields: { type } },
  );
}

function checkData({ type }: PreparedEvent, part: 'data' | 'metadata', value: unknown): void {
  const fault = value instanceof Uint8Array && part === 'data' ? faultInBytes(value) : faultInJson(value);
  if (fault !== undefined) throw invalid(`The ${part} of ${type} cannot be stored: ${fault}.`, { type });
}

function faultInBytes({ length }: Uint8Array): string | undefined {
  return length > longestData ? tooLarge : undefined;
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
