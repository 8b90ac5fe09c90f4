import type { PreparedEvent, StoredEvent } from './event.ts';

/** What one item of a query asks of an event: each part given must hold. */
export type QueryItem = {
  /** Any of these types. */
  readonly types?: readonly string[];
  /** All of these tags. */
  readonly tags?: readonly string[];
  readonly stream?: string;
  /** Only events behind this version; it counts within `stream`, and does nothing without one. */
  readonly afterVersion?: number;
};

/**
 * Which events are meant: those that match at least one item. No item at all means every event.
 * This is the query of the Dynamic Consistency Boundary specification (https://dcb.events/specification/), with streams added.
 */
export type Query = { readonly items: readonly QueryItem[] };

/** Every event of the log. */
export const everything: Query = { items: [] };

/** The events of one stream. */
export function streamQuery(stream: string): Query {
  return { items: [{ stream }] };
}

/** Whether an event is among those that the query means. One that is not stored yet has no version: it is behind all. */
export function matches(query: Query, event: PreparedEvent | StoredEvent): boolean {
  return query.items.length === 0 || query.items.some((item) => matchesItem(item, event));
}

function matchesItem(
  { types, tags, stream, afterVersion = 0 }: QueryItem,
  event: PreparedEvent | StoredEvent,
): boolean {
  return (
    (stream === undefined ||
      (stream === event.stream && (!('version' in event) || event.version > afterVersion))) &&
    (types === undefined || types.includes(event.type)) &&
    (tags === undefined || carries(event, tags))
  );
}

/** Whether an event carries all of these tags. */
export function carries(event: Pick<PreparedEvent, 'tags'>, tags: readonly string[]): boolean {
  return tags.every((tag) => event.tags.includes(tag));
}
