import { type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { StoredEvent } from '../../domain/event.ts';
import { fixed } from './statement.ts';
import type { LivefoldTables } from './tables.ts';

type EventsTable = LivefoldTables['events'];

const kept = new WeakMap<EventsTable, SQL>();

/** The columns of an event, from a relation `e`, in the order in which `decodeEvent` takes them. */
export function eventColumns(events: EventsTable): SQL {
  const known = kept.get(events);
  if (known !== undefined) return known;
  const { position, id, stream, version, type, schemaVersion, data, sealed, tags } = events;
  const { correlationId, causationId, actor, tenant, metadata, occurredAt, recordedAt } = events;
  const made = fixed(
    sql.join(
      [
        ...[position, id, stream, version, type, schemaVersion, data, sealed, tags].map(ofEvent),
        ...[correlationId, causationId, actor, tenant, metadata].map(ofEvent),
        ...[occurredAt, recordedAt].map(milliseconds),
      ],
      sql`, `,
    ),
  );
  kept.set(events, made);
  return made;
}

/** An event from the driver's values, of which each is what its column's type says. */
export function decodeEvent(row: readonly unknown[]): StoredEvent {
  // All in one: what a rest element would gather costs a tenth of the time in which a log is read.
  const [
    position,
    id,
    stream,
    version,
    type,
    schemaVersion,
    data,
    sealed,
    tags,
    correlationId,
    causationId,
    actor,
    tenant,
    metadata,
    occurred,
    recorded,
  ] = row as unknown as EventRow;
  return {
    position,
    id,
    stream,
    version,
    type,
    schemaVersion,
    data: sealed === null ? data : plainBytes(sealed),
    tags,
    correlationId,
    causationId,
    actor,
    tenant,
    metadata,
    // Seconds as a float are exact to less than a microsecond; rounding takes back what the multiplication adds.
    occurredAt: new Date(Math.round(occurred)),
    recordedAt: new Date(Math.round(recorded)),
  };
}

/** The driver's bytes as they were given: without what a Buffer adds to them. */
export function plainBytes({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function ofEvent(column: PgColumn): SQL {
  return sql`e.${sql.identifier(column.name)}`;
}

/** Since 1970. */
function milliseconds(time: PgColumn): SQL {
  return sql`date_part('epoch', ${ofEvent(time)}) * 1000`;
}

type Nullable = string | null;
type EventRow = readonly [
  ...[position: number, id: string, stream: string, version: number, type: string, schemaVersion: number],
  ...[data: unknown, sealed: Uint8Array | null, tags: readonly string[]],
  ...[correlationId: Nullable, causationId: Nullable, actor: Nullable, tenant: Nullable],
  ...[metadata: StoredEvent['metadata'], occurredAt: number, recordedAt: number],
];
