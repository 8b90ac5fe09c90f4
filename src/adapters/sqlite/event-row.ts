import type { SQLInputValue } from 'node:sqlite';
import type { StoredEvent } from '../../domain/event.ts';
import type { Connection } from './connection.ts';
import { sql } from './sql.ts';

/** The columns of table `events` (as `e`) in the order in which `decodeEvent` takes them. */
export const eventColumns = sql`e.position, e.id, e.stream, e.version, e.type, e.schema_version, e.data, e.sealed, e.tags,
  e.correlation_id, e.causation_id, e.actor, e.tenant, e.metadata, e.occurred_at, e.recorded_at`;

type Nullable = string | null;
export type EventRow = readonly [
  position: number,
  id: string,
  stream: string,
  version: number,
  type: string,
  schemaVersion: number,
  data: Nullable,
  sealed: Uint8Array | null,
  tags: string,
  correlationId: Nullable,
  causationId: Nullable,
  actor: Nullable,
  tenant: Nullable,
  metadata: Nullable,
  occurredAt: number,
  recordedAt: number,
];

export function decodeEvent(row: EventRow): StoredEvent {
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
    occurredAt,
    recordedAt,
  ] = row;
  return {
    position,
    id,
    stream,
    version,
    type,
    schemaVersion,
    data: decodeValue(data, sealed),
    // Most events have none or few tags; most have no metadata.
    tags: tags === '[]' ? [] : JSON.parse(tags),
    correlationId,
    causationId,
    actor,
    tenant,
    metadata: metadata === null ? null : JSON.parse(metadata),
    occurredAt: new Date(occurredAt),
    recordedAt: new Date(recordedAt),
  };
}

const insertEventText = `insert into events
  (position, id, stream, version, type, schema_version, data, sealed, tags,
   correlation_id, causation_id, actor, tenant, metadata, occurred_at, recorded_at)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Stores one event with its tags. */
export function insertEvent(connection: Connection, event: StoredEvent): void {
  const tags = event.tags.length > 1 ? [...new Set(event.tags)] : event.tags;
  connection.run(
    insertEventText,
    event.position,
    event.id.toLowerCase(),
    event.stream,
    event.version,
    event.type,
    event.schemaVersion,
    ...encodeValue(event.data),
    tags.length === 0 ? '[]' : JSON.stringify(tags),
    event.correlationId,
    event.causationId,
    event.actor,
    event.tenant,
    event.metadata === null ? null : JSON.stringify(event.metadata),
    event.occurredAt.getTime(),
    event.recordedAt.getTime(),
  );
  for (const tag of tags)
    connection.run('insert into tags (tag, position) values (?, ?)', tag, event.position);
}

/** A value as JSON text and as bytes, one of which is null. */
export function encodeValue(value: unknown): readonly [text: Nullable, bytes: SQLInputValue] {
  return value instanceof Uint8Array ? [null, value] : [JSON.stringify(value), null];
}

export function decodeValue(text: Nullable, bytes: Uint8Array | null): unknown {
  return text === null ? bytes : JSON.parse(text);
}
