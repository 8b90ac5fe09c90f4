import type { StoredEvent } from '../domain/event.ts';
import { everything, type Query } from '../domain/query.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { Position } from '../persistence/event-store.ts';
import { checkPosition } from './at-least.ts';
import type { Caller } from './auth/caller.ts';
import type { Session } from './auth/session.ts';
import { type Connection, checkPageSize, toConnection } from './connection.ts';
import type { GraphQLContext } from './context.ts';
import type { NotificationFilter, Resolvers } from './core-schema.ts';
import type { Frame } from './frame.ts';
import { askAboutParked, countParked, listParked } from './list-parked.ts';
import { listProjections, watchProjections } from './list-projections.ts';
import { notificationSource } from './notification-source.ts';
import { dateScalar, dateTimeScalar, decimalScalar, jsonScalar, positionScalar } from './scalars.ts';

/** The resolvers of `schema/core.graphql`: the log, the projections and the scalars that every application has. */
export const coreResolvers: Resolvers = {
  Position: positionScalar,
  DateTime: dateTimeScalar,
  Date: dateScalar,
  Decimal: decimalScalar,
  JSON: jsonScalar,
  Notification: {
    encoded: ({ data }, _, { backend }) => backend.transcoder.encode(data),
  },
  Projection: {
    parked: ({ name }) => ({ consumer: name }),
  },
  ParkedKeys: {
    count: (parked, _, { backend }) => countParked(parked, backend),
    keys: (parked, args, { backend }) => listParked(parked, args, backend),
  },
  Query: {
    head: (_, _args, { backend }) => backend.log.head(),
    notificationLog: (_, args, context) => readNotifications(args, context),
    projections: (_, _args, { backend }) => listProjections(backend),
    processManagers: (_, _args, { backend }) =>
      backend.processManagers.map((name) => ({ name, parked: { consumer: name } })),
  },
  Mutation: {
    retryParked: (_, args, context) => askAboutParked('retry', args, context),
    skipParked: (_, args, context) => askAboutParked('skip', args, context),
    refreshToken: async (_, { input: { token } }, { session }) => ({ caller: await refresh(session, token) }),
    revokeTokens: async (_, { input: { subject, tokenId } }, { backend: { revocations } }) =>
      revocations.revoke(
        typeof subject === 'string'
          ? { kind: 'subject', id: subject }
          : { kind: 'token', id: String(tokenId) },
      ),
  },
  Subscription: {
    notifications: { subscribe: (_, args, context) => watchNotifications(args, context) },
    projections: { subscribe: (_, _args, { backend, signal }) => watchProjections(backend, signal) },
  },
};

type Optional<Value> = Value | null | undefined;
type LogArguments = {
  after?: Optional<Position>;
  before?: Optional<Position>;
  first?: Optional<number>;
  filter?: Optional<NotificationFilter>;
};

const usualPage = 100;
const largestPage = 1_000;

/** @throws LivefoldError `BAD_USER_INPUT` where there is no connection that goes on */
async function refresh({ refresh }: Session, token: string): Promise<Caller> {
  if (refresh !== null) return refresh(token);
  throw new LivefoldError(
    'BAD_USER_INPUT',
    'A token is refreshed over the WebSocket that it is for, of a server that takes tokens. Other requests bring their own.',
  );
}

async function readNotifications(
  args: LogArguments,
  { backend, session, signal }: GraphQLContext,
): Promise<Connection<StoredEvent, Position>> {
  const query = session.permissions.narrow(toQuery(args.filter));
  const size = checkPageSize('first', args.first ?? usualPage, largestPage);
  const after = args.after ?? 0;
  if (after > 0) await checkPosition(backend, after, 'after');
  const range = { after, ...(typeof args.before === 'number' ? { before: args.before } : {}) };
  const events = await Array.fromAsync(backend.store.read(query, { ...range, limit: size + 1, signal }));
  return toConnection(events.slice(0, size), ({ position }) => position, {
    hasNextPage: events.length > size,
    hasPreviousPage: after > 0,
  });
}

async function watchNotifications(
  { after, filter }: { after?: Optional<Position>; filter?: Optional<NotificationFilter> },
  { backend, session, resumeAfter, signal }: GraphQLContext,
): Promise<AsyncIterable<Frame<{ readonly notifications: StoredEvent }>>> {
  const { log, logWatches } = backend;
  const resume = resumeAfter ?? after;
  if (typeof resume === 'number') await checkPosition(backend, resume, 'after');
  const position = resume ?? (await log.head());
  const query = session.permissions.narrow(toQuery(filter));
  return notificationSource({ log, watches: logWatches, position, query, signal });
}

function toQuery(filter: Optional<NotificationFilter>): Query {
  const { types, tags, stream } = filter ?? {};
  const item = { ...(types ? { types } : {}), ...(tags ? { tags } : {}), ...(stream ? { stream } : {}) };
  return Object.keys(item).length === 0 ? everything : { items: [item] };
}
