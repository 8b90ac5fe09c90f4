import type { NewEvent, PreparedEvent } from '../domain/event.ts';
import { createId } from '../kernel/ids.ts';
import { normalize } from '../kernel/json.ts';

/** Where events come from: what their envelopes say beside the command itself. */
export type EventOrigin = {
  readonly commandId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
  readonly actor?: string | undefined;
  readonly tenant?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Business time; now unless given. The command sees it as its `now`. */
  readonly occurredAt?: Date;
};

/**
 * Puts an event into its envelope, with data as a store gives it back: what is folded now is what will be folded later.
 * A command without other causes is the cause itself.
 */
export function prepareEvent(event: NewEvent, stream: string, now: Date, origin: EventOrigin): PreparedEvent {
  const {
    correlationId = origin.commandId,
    causationId = origin.commandId,
    actor,
    tenant,
    metadata,
    occurredAt = now,
  } = origin;
  return {
    ...event,
    data: asStored(event.data),
    id: createId(),
    stream,
    correlationId: correlationId ?? null,
    causationId: causationId ?? null,
    actor: actor ?? null,
    tenant: tenant ?? null,
    metadata: asStored(metadata ?? null),
    occurredAt,
  };
}

function asStored<Value>(value: Value): Value {
  try {
    return normalize(value);
  } catch {
    // A value that holds itself runs the stack out. The store refuses it, and says where.
    return value;
  }
}
