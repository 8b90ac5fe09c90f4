import type { PersonalData, PreparedEvent } from '../../domain/event.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import { placeOfPersonal } from './event-place.ts';
import { type CompressionRule, sealJson } from './sealed-json.ts';
import type { SealingKey } from './sealing-key.ts';
import type { Transcoder } from './transcoder.ts';

/** The members of stored data that hold what an event says beside its data. Data of its own never has members that start so. */
export const personalMember = '$personal';
export const forgetsMember = '$forgets';
/** Stands beside them for data that is no object. */
export const valueMember = '$value';

export type MarkSealing = {
  readonly transcoder: Transcoder;
  readonly rule: CompressionRule | undefined;
  /** Encrypt personal fields, by subject. */
  readonly subjectKeys: ReadonlyMap<string, SealingKey>;
};

/**
 * The data as JSON, with what the event says of persons put in: personal fields sealed, each person's under that one's key.
 *
 * @throws LivefoldError `INVALID_VALUE`
 */
export function sealMarks(event: PreparedEvent, encoding: MarkSealing): unknown {
  const { personal = [], forgets = [] } = event;
  const owners = ownersOf(personal);
  const rest = encoding.transcoder.encode(
    personal.length === 0 ? event.data : pickFields(event, (field) => !owners.has(field)),
  );
  if (personal.length + forgets.length === 0) return rest;
  return {
    ...(isObject(rest) ? rest : { [valueMember]: rest }),
    ...(personal.length > 0 && {
      [personalMember]: personal.map((one) =>
        sealFields(
          event,
          one,
          pickFields(event, (field) => owners.get(field) === one),
          encoding,
        ),
      ),
    }),
    ...(forgets.length > 0 && { [forgetsMember]: [...new Set(forgets)] }),
  };
}

/** Whose each personal field is. */
function ownersOf(personal: readonly PersonalData[]): ReadonlyMap<string, PersonalData> {
  const owners = new Map<string, PersonalData>();
  for (const one of personal) {
    for (const field of Object.keys(one.erased)) {
      if (owners.has(field))
        throw invalid(`The field "${field}" is personal to two subjects: store it as two fields.`, field);
      owners.set(field, one);
    }
  }
  return owners;
}

function pickFields(
  { data }: PreparedEvent,
  isPicked: (field: string) => boolean,
): Readonly<Record<string, unknown>> {
  const prototype: unknown = isObject(data) ? Object.getPrototypeOf(data) : undefined;
  if (!isObject(data) || (prototype !== Object.prototype && prototype !== null))
    throw invalid('Personal fields need data that is a plain object.');
  return Object.fromEntries(Object.entries(data).filter(([field]) => isPicked(field)));
}

function sealFields(
  event: PreparedEvent,
  { subject, erased }: PersonalData,
  fields: Readonly<Record<string, unknown>>,
  { transcoder, rule, subjectKeys }: MarkSealing,
): unknown {
  const key = subjectKeys.get(subject);
  if (key === undefined) throw invalid(`There is no key for "${subject}".`);
  const belongsTo = placeOfPersonal(event, subject);
  const sealed = sealJson(transcoder.encode(fields), { key, rule, belongsTo });
  return { subject, erased: transcoder.encode(erased), sealed: Buffer.from(sealed).toString('base64') };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(message: string, field?: string): LivefoldError {
  return new LivefoldError('INVALID_VALUE', message, {
    fields: { path: field === undefined ? [] : [field] },
  });
}
