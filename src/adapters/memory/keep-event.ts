import type { StoredEvent } from '../../domain/event.ts';

/** An event as the store keeps it: nothing of it belongs to the caller any more, and data is what JSON makes of it. */
export function keepEvent(event: StoredEvent): StoredEvent {
  return Object.freeze({
    position: event.position,
    id: event.id.toLowerCase(),
    stream: event.stream,
    version: event.version,
    type: event.type,
    schemaVersion: event.schemaVersion,
    data: keepValue(event.data),
    tags: Object.freeze([...new Set(event.tags)]),
    correlationId: event.correlationId,
    causationId: event.causationId,
    actor: event.actor,
    tenant: event.tenant,
    metadata: keepValue(event.metadata),
    occurredAt: new Date(event.occurredAt),
    recordedAt: new Date(event.recordedAt),
  });
}

/** An event for a reader. JSON is frozen and shared; dates and bytes cannot be frozen and are copied. */
export function showEvent(event: StoredEvent): StoredEvent {
  return {
    ...event,
    data: showValue(event.data),
    occurredAt: new Date(event.occurredAt),
    recordedAt: new Date(event.recordedAt),
  };
}

export function keepValue<Value>(value: Value): Value {
  if (value === null) return value;
  return value instanceof Uint8Array ? copyBytes(value) : freeze(JSON.parse(JSON.stringify(value)));
}

export function showValue<Value>(value: Value): Value {
  return value instanceof Uint8Array ? copyBytes(value) : value;
}

function copyBytes<Value>(bytes: Value & Uint8Array): Value {
  // A Buffer's own `slice` shares its memory; every store gives back plain bytes.
  return Uint8Array.from(bytes) as Value & Uint8Array;
}

function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) freeze(inner);
    Object.freeze(value);
  }
  return value;
}
