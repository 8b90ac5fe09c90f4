import type { PersonalData, PreparedEvent } from '../../domain/event.ts';
import { placeOfPersonal } from './event-place.ts';
import { isDestroyed } from './found-key.ts';
import type { Keys } from './key-of.ts';
import { forgetsMember, isObject, personalMember, valueMember } from './seal-marks.ts';
import { damaged, readSealed, type SealedBytes } from './sealed-bytes.ts';
import { openJson } from './sealed-json.ts';
import type { Transcoder } from './transcoder.ts';

/** Stored data taken apart: the fields of each person, the subjects forgotten, and all the rest. */
export type Marks = {
  readonly personal: readonly SealedFields[];
  readonly forgets: readonly string[];
  readonly rest: unknown;
};

type SealedFields = { readonly subject: string; readonly erased: unknown; readonly sealed: SealedBytes };

/** Whether stored data holds more than the event's own data. */
export function isMarked(data: unknown): data is Readonly<Record<string, unknown>> {
  return (
    typeof data === 'object' &&
    data !== null &&
    ((data as Readonly<Record<string, unknown>>)[personalMember] !== undefined ||
      (data as Readonly<Record<string, unknown>>)[forgetsMember] !== undefined)
  );
}

/** @throws LivefoldError `SEALED_DATA_DAMAGED` */
export function readMarks(data: Readonly<Record<string, unknown>>): Marks {
  const { [personalMember]: personal = [], [forgetsMember]: forgets = [], ...rest } = data;
  if (!Array.isArray(personal) || !Array.isArray(forgets) || !forgets.every(isText))
    throw damaged(`${personalMember} or ${forgetsMember} is not what the mapper wrote`);
  return {
    personal: personal.map(readFields),
    forgets,
    rest: valueMember in rest ? rest[valueMember] : rest,
  };
}

/**
 * The event as it was: the fields of those who were forgotten read as it said they would, and are personal no longer.
 *
 * @throws LivefoldError `SEALED_DATA_DAMAGED`, `KEY_UNKNOWN`, `KEYS_MISSING`, `WRONG_MASTER_KEY`
 */
export function openMarks<Event extends PreparedEvent>(
  event: Event,
  { personal, forgets, rest }: Marks,
  { keys, transcoder }: { readonly keys: Keys; readonly transcoder: Transcoder },
): Event {
  const known: PersonalData[] = [];
  const fields = personal.flatMap(({ subject, erased: stored, sealed }) => {
    const erased = wantObject(transcoder.decode(stored));
    if (isErased(sealed, keys)) return Object.entries(erased);
    known.push({ subject, erased });
    const belongsTo = placeOfPersonal(event, subject);
    return Object.entries(wantObject(transcoder.decode(openJson(sealed, { keys, belongsTo }))));
  });
  const data = transcoder.decode(rest);
  return {
    ...event,
    data: personal.length === 0 ? data : Object.fromEntries([...Object.entries(wantObject(data)), ...fields]),
    ...(known.length > 0 && { personal: known }),
    ...(forgets.length > 0 && { forgets }),
  };
}

function readFields(stored: unknown): SealedFields {
  if (!isObject(stored) || !isText(stored.subject) || !isText(stored.sealed))
    throw damaged(`an item of ${personalMember} is not what the mapper wrote`);
  const sealed = readSealed(Buffer.from(stored.sealed, 'base64'));
  if (sealed.keyId === null) throw damaged(`an item of ${personalMember} is not encrypted`);
  return { subject: stored.subject, erased: stored.erased, sealed };
}

function isErased({ keyId }: SealedBytes, keys: Keys): boolean {
  const key = keyId === null ? undefined : keys?.get(keyId);
  return key !== undefined && isDestroyed(key);
}

function wantObject(value: unknown): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value;
  throw damaged('personal fields, or what stands beside them, are no object');
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
