import type { PreparedEvent } from '../../domain/event.ts';
import { placeOfData } from './event-place.ts';
import { type MarkSealing, sealMarks } from './seal-marks.ts';
import { compressJson, sealJson } from './sealed-json.ts';
import type { SealingKey } from './sealing-key.ts';

export type EventEncoding = MarkSealing & {
  /** Encrypts the data whole. */
  readonly dataKey: SealingKey | undefined;
};

/**
 * An event as it is stored: the event itself where its data is JSON already and nothing is to be sealed.
 *
 * @throws LivefoldError `INVALID_VALUE`
 */
export function encodeEvent<Event extends PreparedEvent>(event: Event, encoding: EventEncoding): Event {
  if (event.personal !== undefined || event.forgets !== undefined) return encodeMarked(event, encoding);
  const data = pack(event, encoding.transcoder.encode(event.data), encoding);
  return data === event.data ? event : { ...event, data };
}

/** What marks say goes into the data: a store has no place of its own for it. */
function encodeMarked<Event extends PreparedEvent>(event: Event, encoding: EventEncoding): Event {
  const data = pack(event, sealMarks(event, encoding), encoding);
  const { personal, forgets, ...bare } = event;
  // All that is left out is optional.
  return { ...bare, data } as unknown as Event;
}

function pack(event: PreparedEvent, json: unknown, { rule, dataKey }: EventEncoding): unknown {
  if (dataKey === undefined && rule === undefined) return json;
  const belongsTo = placeOfData(event);
  return dataKey === undefined
    ? compressJson(json, { rule, belongsTo })
    : sealJson(json, { key: dataKey, rule, belongsTo });
}
