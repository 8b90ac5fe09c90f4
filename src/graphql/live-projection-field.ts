import type { Moment } from '../application/as-of.ts';
import type { LiveProjection } from '../consumption/live-projection.ts';
import type { LiveRow } from '../consumption/live-reader.ts';
import type { Position } from '../persistence/event-store.ts';
import { checkPosition } from './at-least.ts';
import type { GraphQLContext } from './context.ts';
import { type Frame, frameAt } from './frame.ts';

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
  { backend }: Pick<GraphQLContext, 'backend'>,
  projection: LiveProjection<Row>,
  key: string,
  { asOf, atLeast }: ReadLiveOptions = {},
): Promise<LiveRow<Row>> {
  if (typeof atLeast === 'number') await checkPosition(backend, atLeast, 'atLeast');
  if (asOf && 'position' in asOf) await checkPosition(backend, asOf.position, 'asOf');
  return backend.live.read(projection, key, { asOf: asOf ?? undefined });
}

/**
 * Watches a live projection's row for a client: as it is, then at each change; behind `after` only the changes. An SSE client's
 * `Last-Event-ID` counts before `after`.
 *
 * @throws LivefoldError `BAD_USER_INPUT` for a position that the log has not reached
 */
export async function* watchLive<Row>(
  { backend, resumeAfter, signal }: Pick<GraphQLContext, 'backend' | 'resumeAfter' | 'signal'>,
  projection: LiveProjection<Row>,
  key: string,
  { after }: { readonly after?: Position | null | undefined } = {},
): AsyncGenerator<LiveRow<Row>> {
  const resume = resumeAfter ?? after ?? undefined;
  if (resume !== undefined) await checkPosition(backend, resume, 'after');
  yield* backend.live.watch(projection, key, { after: resume, signal });
}

type After = { readonly after?: Position | null | undefined };
type Root<Field extends string, Row> = Frame<Readonly<Record<Field, Row | null>>>;

/**
 * A subscription field of one row of a live projection, which clients resume by position: `field(…, after: Position)`. `toKey`
 * makes the row's key from the field's arguments.
 */
export function liveProjectionField<Field extends string, Row, Args = unknown>(
  field: Field,
  projection: LiveProjection<Row>,
  toKey: (args: Args) => string,
) {
  return {
    async *subscribe(
      _: unknown,
      args: Args & After,
      context: GraphQLContext,
    ): AsyncGenerator<Root<Field, Row>> {
      // A computed key widens to string: the one key it has is the field.
      for await (const { row, position } of watchLive(context, projection, toKey(args), args))
        yield frameAt(position, { [field]: row } as Readonly<Record<Field, Row | null>>);
    },
  };
}
