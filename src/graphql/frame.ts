import type { Position } from '../persistence/event-store.ts';

const framePosition = Symbol('livefold.framePosition');

/** A subscription's root value that knows the log position a client can resume behind. */
export type Frame<Root extends object> = Root & { readonly [framePosition]: Position };

/** Marks a subscription's root value with its position, which reaches clients as `extensions.position` and as the SSE event's id. */
export function frameAt<Root extends object>(position: Position, root: Root): Frame<Root> {
  return { ...root, [framePosition]: position };
}

/** The position of a root value, if it is a frame. */
export function positionOf(root: unknown): Position | undefined {
  if (typeof root !== 'object' || root === null || !(framePosition in root)) return undefined;
  const position = root[framePosition];
  return typeof position === 'number' ? position : undefined;
}
