import type { PreparedEvent } from '../../domain/event.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import { isStorableName, longestName } from '../../kernel/storable-text.ts';
import { encodeEvent } from './encode-event.ts';
import { aboutEvent } from './event-place.ts';
import { keysMissing } from './key-of.ts';
import type { KeyRing } from './key-ring.ts';
import { changeEvents } from './map-events.ts';
import type { Mapping } from './mapping.ts';
import type { SealingKey } from './sealing-key.ts';
import { type MaybePromise, whenReady } from './when-ready.ts';

type SubjectKeys = ReadonlyMap<string, SealingKey>;

const noKeys: SubjectKeys = new Map();

/**
 * Events as they are stored. The keys that are not in memory are looked up, or made, together; when there are none, the
 * answer is there at once, and the very events given where there was nothing to do.
 *
 * @throws LivefoldError `INVALID_VALUE`, `KEYS_MISSING`, `SUBJECT_FORGOTTEN`, `WRONG_MASTER_KEY`
 */
export function encodeEvents<Event extends PreparedEvent>(
  events: readonly Event[],
  mapping: Mapping,
  transaction?: unknown,
): MaybePromise<readonly Event[]> {
  const { transcoder, rule, ring, encrypt } = mapping;
  const encodeBy = (subjectKeys: SubjectKeys, dataKey: SealingKey | undefined): readonly Event[] =>
    changeEvents(events, (event) => encodeEvent(event, { transcoder, rule, dataKey, subjectKeys }));
  return whenReady(subjectKeysOf(events, mapping, transaction), (subjectKeys) =>
    ring !== undefined && encrypt
      ? whenReady(ring.dataKey(transaction), (dataKey) => encodeBy(subjectKeys, dataKey))
      : encodeBy(subjectKeys, undefined),
  );
}

function subjectKeysOf(
  events: readonly PreparedEvent[],
  { ring }: Mapping,
  transaction: unknown,
): MaybePromise<SubjectKeys> {
  const subjects = new Set<string>();
  for (const event of events) for (const subject of subjectsOf(event, ring)) subjects.add(subject);
  return ring === undefined || subjects.size === 0 ? noKeys : ring.subjectKeys(subjects, transaction);
}

function subjectsOf(event: PreparedEvent, ring: KeyRing | undefined): readonly string[] {
  if (event.personal === undefined || event.personal.length === 0) return none;
  if (ring === undefined) throw aboutEvent(keysMissing('It has personal fields, to be encrypted'), event);
  const subjects = event.personal.map(({ subject }) => subject);
  const bad = subjects.find((subject) => !isStorableName(subject));
  if (bad !== undefined) throw aboutEvent(invalidSubject(bad), event);
  return subjects;
}

const none: readonly string[] = [];

function invalidSubject(subject: string): LivefoldError {
  return new LivefoldError(
    'INVALID_VALUE',
    `A subject has 1 to ${longestName} characters, none of them NUL or half a surrogate pair.`,
    { fields: { subject: subject.slice(0, longestName) } },
  );
}
