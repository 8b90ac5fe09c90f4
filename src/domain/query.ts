import type { PreparedEvent } from './event.ts';

/** What one item of a query asks of an event: each part given must hold. */
export type QueryItem = {
  /** Any of these types. */
  readonly types?: readonly string[];
  /** All of these tags. */
  readonly tags?: readonly string[];
  readonly stream?: string;
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

/** Whether an event is among those that the query means. */
export function matches(query: Query, event: PreparedEvent): boolean {
  return query.items.length === 0 || query.items.some((item) => matchesItem(item, event));
}

function matchesItem({ types, tags, stream }: QueryItem, event: PreparedEvent): boolean {
  return (
    (stream === undefined || stream === event.stream) &&
    (types === undefined || types.includes(event.type)) &&
    (tags === undefined || tags.every((tag) => event.tags.includes(tag)))
  );
}
