import type { EventRegistry } from '../domain/event-registry.ts';
import { everything } from '../domain/query.ts';
import { isLivefoldError } from '../kernel/errors.ts';
import type { EventStore, Position } from '../persistence/event-store.ts';

/** Stored events of one type and version that the definitions cannot read, for one reason. */
export type UnreadableEvents = {
  readonly type: string;
  readonly schemaVersion: number;
  readonly count: number;
  /** `UNKNOWN_EVENT_TYPE`, `UNKNOWN_EVENT_VERSION`, `UPCAST_FAILED` or `INVALID_EVENT`. */
  readonly code: string;
  /** What is wrong with the first of them, and where that is. */
  readonly message: string;
  readonly position: Position;
};

/** Reads the whole log and says which events would not be understood. */
export async function findUnreadable(
  store: Pick<EventStore, 'read'>,
  registry: EventRegistry,
  options: { readonly onProgress?: (position: Position) => void; readonly signal?: AbortSignal } = {},
): Promise<readonly UnreadableEvents[]> {
  const found = new Map<string, UnreadableEvents>();
  const { onProgress, signal } = options;
  for await (const event of store.read(everything, signal === undefined ? {} : { signal })) {
    onProgress?.(event.position);
    try {
      registry.understand(event);
    } catch (error) {
      if (!isLivefoldError(error)) throw error;
      const { type, schemaVersion, position } = event;
      const key = JSON.stringify([type, schemaVersion, error.code]);
      const known = found.get(key) ?? {
        ...{ type, schemaVersion, count: 0, code: error.code, message: error.message, position },
      };
      found.set(key, { ...known, count: known.count + 1 });
    }
  }
  return [...found.values()];
}
