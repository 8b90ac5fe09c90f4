import type { PreparedEvent } from '../../domain/event.ts';
import { placeOfData } from './event-place.ts';
import type { Forgetting } from './forgetting.ts';
import { findKeys, type Keys } from './key-of.ts';
import { changeEvents, fromEach } from './map-events.ts';
import type { Mapping } from './mapping.ts';
import { isMarked, type Marks, openMarks, readMarks } from './open-marks.ts';
import { readSealed } from './sealed-bytes.ts';
import { openJson } from './sealed-json.ts';
import type { Transcoder } from './transcoder.ts';
import { type MaybePromise, whenReady } from './when-ready.ts';

type EventDecoding = Pick<Mapping, 'transcoder' | 'ring'> & {
  /** Who is told whom the events forget; nobody, where that is not committed. */
  readonly forgetting: Forgetting | undefined;
};

/**
 * Events as they were before they were stored. The keys that are not in memory are looked up together; when there are none,
 * the answer is there at once, and the very events given where there was nothing to do.
 *
 * @throws LivefoldError `SEALED_DATA_DAMAGED`, `KEY_UNKNOWN`, `KEYS_MISSING`, `WRONG_MASTER_KEY`,
 *   `UNKNOWN_VALUE_TYPE`, `INVALID_VALUE`
 */
export function decodeEvents<Event extends PreparedEvent>(
  events: readonly Event[],
  decoding: EventDecoding,
): MaybePromise<readonly Event[]> {
  return whenReady(unsealData(events, decoding), (unsealed) => decodeData(unsealed, decoding));
}

/** Data that was sealed whole, as JSON. */
function unsealData<Event extends PreparedEvent>(
  events: readonly Event[],
  { ring }: EventDecoding,
): MaybePromise<readonly Event[]> {
  if (!events.some(({ data }) => data instanceof Uint8Array)) return events;
  const opened = fromEach(events, (event) =>
    event.data instanceof Uint8Array ? readSealed(event.data) : undefined,
  );
  const ids = new Set(opened.flatMap((sealed) => sealed?.keyId ?? []));
  return whenReady(findKeys(ring, { ids }), (keys) =>
    changeEvents(events, (event, index) => {
      const sealed = opened[index];
      if (sealed === undefined) return event;
      return { ...event, data: openJson(sealed, { keys, belongsTo: placeOfData(event) }) };
    }),
  );
}

function decodeData<Event extends PreparedEvent>(
  events: readonly Event[],
  { transcoder, ring, forgetting }: EventDecoding,
): MaybePromise<readonly Event[]> {
  if (!events.some(({ data }) => isMarked(data)))
    return changeEvents(events, (event) => decodeValue(event, transcoder));
  const marks = fromEach(events, ({ data }) => (isMarked(data) ? readMarks(data) : undefined));
  // Whom an event of the page forgets, no event of it may know any more.
  for (const [index, event] of events.entries()) forgetting?.meet(event, marks[index]?.forgets ?? []);
  return whenReady(keysOf(marks, ring), (keys) =>
    changeEvents(events, (event, index) => {
      const marked = marks[index];
      return marked === undefined
        ? decodeValue(event, transcoder)
        : openMarks(event, marked, { keys, transcoder });
    }),
  );
}

function keysOf(marks: readonly (Marks | undefined)[], ring: Mapping['ring']): MaybePromise<Keys> {
  const personal = marks.flatMap((one) => one?.personal ?? []);
  return findKeys(ring, { ids: new Set(personal.flatMap(({ sealed }) => sealed.keyId ?? [])) });
}

function decodeValue<Event extends PreparedEvent>(event: Event, { decode }: Transcoder): Event {
  const data = decode(event.data);
  return data === event.data ? event : { ...event, data };
}
