import type { StoredEvent } from '../domain/event.ts';
import type { LivefoldError } from '../kernel/errors.ts';
import { faultOf, timedOut } from './fault.ts';
import type { AnyProjection } from './projection.ts';
import { streamKeyOf } from './stream-key.ts';
import { workInTurns } from './work-in-turns.ts';

/** One event for one row. */
export type KeyedEvent = { readonly key: string; readonly event: StoredEvent };

/** An event that is kept back for a key: with its fault, or behind another that has one. */
export type KeptBack = KeyedEvent & { readonly fault: LivefoldError | null };

export type KeyedEvents = {
  readonly keyed: readonly KeyedEvent[];
  readonly keptBack: readonly KeptBack[];
};

export type KeyOptions = {
  readonly parked: { has(key: string): boolean };
  /** Is shown each fault; the event is kept back unless this throws. */
  readonly judge: (fault: LivefoldError) => void;
  /** Under which key an event is kept back whose own keys cannot be told; that of its stream unless given. */
  readonly keyOf?: (event: StoredEvent) => string;
};

/**
 * The rows that each event concerns. Where that cannot be told, because the handler fails, the event is kept back under its stream, and so are
 * the later events of that stream: one of them may concern the same row.
 */
export async function keyEvents(
  projection: AnyProjection,
  events: readonly StoredEvent[],
  { parked, judge, keyOf = (event) => streamKeyOf(projection, event) }: KeyOptions,
): Promise<KeyedEvents> {
  const keyed: KeyedEvent[] = [];
  const keptBack: KeptBack[] = [];
  const held = new Set<string>();
  const hold = (event: StoredEvent, fault: LivefoldError): void => {
    judge(fault);
    held.add(keyOf(event));
    keptBack.push({ key: keyOf(event), event, fault });
  };
  await workInTurns(
    events.filter(({ type }) => projection.handlerOf(type) !== undefined),
    projection.timeout,
    {
      work(event) {
        const holder = keyOf(event);
        if (held.has(holder) || parked.has(holder)) {
          keptBack.push({ key: holder, event, fault: null });
          return;
        }
        try {
          for (const key of keysOfEvent(projection, event)) keyed.push({ key, event });
        } catch (error) {
          hold(event, faultOf(error, { projection: projection.name, event }));
        }
      },
      onTimeout: (event) => hold(event, timedOut(projection, event)),
    },
  );
  return { keyed, keptBack };
}

/** The keys of the rows that an event concerns, each once. */
export function keysOfEvent(projection: AnyProjection, event: StoredEvent): readonly string[] {
  const keys = projection.handlerOf(event.type)?.keys(event) ?? null;
  if (keys === null) return [];
  return typeof keys === 'string' ? [keys] : [...new Set(keys)];
}
