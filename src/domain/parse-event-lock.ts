import type { EventLock, LockedEvent } from './event-lock.ts';

/** The lock that a lock file's text holds; `undefined` when it holds none. */
export function parseEventLock(text: string): EventLock | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isObject(parsed) && Object.values(parsed).every(isLockedEvent)
    ? // Checked member by member.
      (parsed as EventLock)
    : undefined;
}

function isLockedEvent(value: unknown): value is LockedEvent {
  return (
    isObject(value) &&
    Number.isInteger(value.schemaVersion) &&
    (value.schema === null || isObject(value.schema))
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
