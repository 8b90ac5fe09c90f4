import { type GraphQLResolveInfo, getNamedType } from 'graphql';
import type { Moment } from '../application/as-of.ts';
import type { LiveProjection } from '../consumption/live-projection.ts';
import type { LiveRow } from '../consumption/live-reader.ts';
import type { Position } from '../persistence/event-store.ts';
import { checkPosition } from './at-least.ts';
import type { Permissions } from './auth/permissions.ts';
import type { GraphQLContext } from './context.ts';
import { type Frame, frameAt } from './frame.ts';
import { liveRowSource } from './live-row-source.ts';

export type ReadLiveOptions = {
  /** The row as it was at that moment; as it is now when left out. */
  readonly asOf?: Moment | null | undefined;
  /** A position that the client has seen. No live row is older than it: only one that nobody can have seen is refused. */
  readonly atLeast?: Position | null | undefined;
};

/**
 * Reads a live projection's row for a client.
 *
 * @throws LivefoldError `BAD_USER_INPUT` for a position that the log has not reached
 */
export async function readLive<Row>(
  { backend, signal }: Pick<GraphQLContext, 'backend'> & Partial<Pick<GraphQLContext, 'signal'>>,
  projection: LiveProjection<Row>,
  key: string,
  { asOf, atLeast }: ReadLiveOptions = {},
): Promise<LiveRow<Row>> {
  if (typeof atLeast === 'number') await checkPosition(backend, atLeast, 'atLeast');
  if (asOf && 'position' in asOf) await checkPosition(backend, asOf.position, 'asOf');
  return backend.live.read(projection, key, { asOf: asOf ?? undefined, signal });
}

/**
 * Watches a live projection's row for a client: as it is, then at each change; behind `after` only the changes. An SSE client's
 * `Last-Event-ID` counts before `after`.
 *
 * @throws LivefoldError `BAD_USER_INPUT` for a position that the log has not reached
 */
export async function* watchLive<Row>(
  context: WatchContext,
  projection: LiveProjection<Row>,
  key: string,
  { after }: After = {},
): AsyncGenerator<LiveRow<Row>> {
  const { backend, signal } = context;
  const resume = await checkResume(context, after);
  const options = { isVisible: () => true, toRoot: (row: LiveRow<Row>) => row };
  yield* liveRowSource({ backend, projection, key, after: resume, signal, ...options });
}

type After = { readonly after?: Position | null | undefined };
type WatchContext = Pick<GraphQLContext, 'backend' | 'resumeAfter' | 'signal'>;
type Root<Field extends string, Row> = Frame<Readonly<Record<Field, Row | null>>>;

/**
 * A subscription field of one row of a live projection, which clients resume by position: `field(…, after: Position)`. `toKey`
 * makes the row's key from the field's arguments. Equal subscriptions share what is told; who may not see the row hears nothing.
 */
export function liveProjectionField<Field extends string, Row, Args = unknown>(
  field: Field,
  projection: LiveProjection<Row>,
  toKey: (args: Args) => string,
) {
  return {
    async subscribe(
      _: unknown,
      args: Args & After,
      context: GraphQLContext,
      info: Pick<GraphQLResolveInfo, 'returnType'>,
    ): Promise<AsyncIterable<Root<Field, Row>>> {
      const { backend, session, signal } = context;
      const { name: type } = getNamedType(info.returnType);
      return liveRowSource<Row, Root<Field, Row>>({
        ...{ backend, projection, signal },
        key: toKey(args),
        after: await checkResume(context, args.after),
        isVisible: (row) => seesAny(session.permissions, type, row),
        // A computed key widens to string: the one key it has is the field.
        toRoot: ({ row, position }) =>
          frameAt(position, { [field]: row } as Readonly<Record<Field, Row | null>>),
      });
    },
  };
}

async function checkResume(
  { backend, resumeAfter }: WatchContext,
  after: Position | null | undefined,
): Promise<Position | undefined> {
  const resume = resumeAfter ?? after ?? undefined;
  if (resume !== undefined) await checkPosition(backend, resume, 'after');
  return resume;
}

/** Whether something is left of a row where what the caller may not see is left out: of a list, what is in it. */
function seesAny(permissions: Permissions, type: string, row: unknown): boolean {
  if (!Array.isArray(row)) return permissions.sees(type, Object(row));
  return row.length === 0 || row.some((one) => permissions.sees(type, Object(one)));
}
