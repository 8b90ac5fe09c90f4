import type { StoredEvent } from '../../domain/event.ts';
import type { QueryItem } from '../../domain/query.ts';
import type { Position } from '../../persistence/event-store.ts';
import type { RemoteOperation } from './remote-endpoint.ts';

/** What a page of a remote log is asked by: both ends are exclusive. */
export type PageRange = {
  readonly after: Position;
  readonly before: Position | undefined;
  readonly first: number;
};

/** A page as it came: its events' data is still encoded. */
export type RemotePage = { readonly events: readonly StoredEvent[]; readonly hasMore: boolean };

const document = /* GraphQL */ `query Page($after: Position, $before: Position, $first: Int, $filter: NotificationFilter) {
  notificationLog(after: $after, before: $before, first: $first, filter: $filter) {
    pageInfo { hasNextPage }
    nodes {
      position id stream version type schemaVersion encoded tags
      correlationId causationId actor tenant metadata occurredAt recordedAt
    }
  }
}`;

export function pageOperation({ after, before, first }: PageRange, filter?: QueryItem): RemoteOperation {
  return {
    query: document,
    variables: {
      after: String(after),
      ...(before !== undefined && { before: String(before) }),
      first,
      ...(filter && { filter: { types: filter.types, stream: filter.stream, tags: filter.tags } }),
    },
  };
}

/** The page in an answer's data; a text that says what is wrong with it otherwise. */
export function readPage(data: unknown): RemotePage | string {
  const page = memberOf(data, 'notificationLog');
  const nodes = memberOf(page, 'nodes');
  const hasMore = memberOf(memberOf(page, 'pageInfo'), 'hasNextPage');
  if (!Array.isArray(nodes) || typeof hasMore !== 'boolean') return 'sent no page of notifications';
  const events: StoredEvent[] = [];
  for (const node of nodes) {
    const fault = faultOf(node);
    if (fault !== undefined) return `sent a notification whose \`${fault}\` is none`;
    events.push(toEvent(node));
  }
  return { events, hasMore };
}

/** @returns `undefined` for data that holds no head */
export function readHead(data: unknown): Position | undefined {
  const head = memberOf(data, 'head');
  return isPosition(head) ? Number(head) : undefined;
}

export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string' && value !== '';
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) > 0;
const isIdOrNone: Check = (value) => value === null || typeof value === 'string';
const isTime: Check = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value));

function isPosition(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,16}$/.test(value) && Number.isSafeInteger(Number(value));
}

/** What each member of a notification must be, so that it is an event. */
const checks: Readonly<Record<string, Check>> = {
  position: isPosition,
  id: isText,
  stream: isText,
  version: isCount,
  type: isText,
  schemaVersion: isCount,
  encoded: (value) => value !== undefined,
  tags: (value) => Array.isArray(value) && value.every((tag) => typeof tag === 'string'),
  correlationId: isIdOrNone,
  causationId: isIdOrNone,
  actor: isIdOrNone,
  tenant: isIdOrNone,
  metadata: (value) => typeof value === 'object' && !Array.isArray(value),
  occurredAt: isTime,
  recordedAt: isTime,
};

function faultOf(node: unknown): string | undefined {
  return Object.keys(checks).find((name) => checks[name]?.(memberOf(node, name)) !== true);
}

function toEvent(node: StoredEvent & { readonly encoded: unknown }): StoredEvent {
  const { encoded, position, occurredAt, recordedAt, ...envelope } = node;
  return {
    ...envelope,
    data: encoded,
    position: Number(position),
    occurredAt: new Date(occurredAt),
    recordedAt: new Date(recordedAt),
  };
}
