import type { Query } from '../../../src/domain/query.ts';
import { createId } from '../../../src/kernel/ids.ts';
import type { AppendItem, ExpectedVersion } from '../../../src/persistence/event-store.ts';

export type ItemParts = {
  readonly tags?: readonly string[];
  readonly expected?: ExpectedVersion;
  readonly condition?: Query;
  readonly commandId?: string;
};

/** One event for a stream, and the guards a test asks for. */
export function itemOn(
  stream: string,
  { tags = [], expected, condition, commandId }: ItemParts = {},
): AppendItem {
  return {
    events: [sampleEvent(stream, tags)],
    ...(expected === undefined ? {} : { expected: [{ stream, version: expected }] }),
    ...(condition === undefined ? {} : { condition: { query: condition, after: 0 } }),
    ...(commandId === undefined ? {} : { command: { id: commandId, fingerprint: 'f' } }),
  };
}

function sampleEvent(stream: string, tags: readonly string[]): AppendItem['events'][number] {
  return {
    id: createId(),
    stream,
    type: 'Happened',
    schemaVersion: 1,
    data: {},
    tags,
    correlationId: null,
    causationId: null,
    actor: null,
    tenant: null,
    metadata: null,
    occurredAt: new Date(0),
  };
}
