import type { Filter } from '../consumption/filter.ts';
import type { AnyProjection, StoredRow } from '../consumption/projection.ts';
import type { Position } from '../persistence/event-store.ts';
import { checkPosition, runningProjection } from './at-least.ts';
import { visibleRows } from './auth/guard-models.ts';
import type { GraphQLContext } from './context.ts';
import { type Frame, frameAt } from './frame.ts';
import { cursorBehind, type LiveFrame, nextFrame } from './live-rows.ts';
import { liveSource } from './live-source.ts';

export type LiveArguments = {
  readonly filter?: Filter | null | undefined;
  readonly after?: Position | null | undefined;
};

type LiveRoot<Field extends string, P extends AnyProjection> = Frame<
  Readonly<Record<Field, LiveFrame<StoredRow<P>>>>
>;

/**
 * A live subscription field: frames of one projection's rows. Its arguments are `filter` and `after`; `toFilter` makes the
 * filter from others.
 */
export function liveField<Field extends string, P extends AnyProjection, Args = unknown>(
  field: Field,
  projection: P,
  toFilter: (args: LiveArguments & Args) => Filter | null | undefined = ({ filter }) => filter,
) {
  return {
    subscribe: (
      _: unknown,
      args: LiveArguments & Args,
      context: GraphQLContext,
    ): Promise<AsyncIterable<LiveRoot<Field, P>>> =>
      watch(field, projection, { filter: toFilter(args), after: args.after }, context),
  };
}

/** An SSE client's `Last-Event-ID` counts before `after`: the browser repeats the original request when it reconnects. */
async function watch<Field extends string, P extends AnyProjection>(
  field: Field,
  projection: P,
  { filter: asked, after }: LiveArguments,
  { backend, session: { permissions }, resumeAfter, signal }: GraphQLContext,
): Promise<AsyncIterable<LiveRoot<Field, P>>> {
  const running = runningProjection(backend, projection.name);
  const { models, log } = backend;
  const resume = resumeAfter ?? after;
  if (resume !== null && resume !== undefined) await checkPosition(backend, resume, 'after');
  const filter = visibleRows(permissions, projection.name, asked);
  const isPartial = permissions.rowFilter(projection.name) !== undefined;
  return liveSource<LiveRoot<Field, P>>(
    {
      start: cursorBehind(resume),
      // The caller may see more now, or less: what it holds is replaced.
      restart: () => cursorBehind(null),
      watch: () => running.feed.watch(filter),
      epoch: () => log.epoch,
      async next(from, until) {
        const options = { running, models, filter, isPartial, signal: until };
        const { frame, cursor } = await nextFrame(options, from);
        if (frame === null) return { steps: [], cursor };
        // A computed key widens to string: the one key it has is the field. The rows come from the projection's own table.
        const value = { [field]: frame } as Readonly<Record<Field, LiveFrame<StoredRow<P>>>>;
        const root = frameAt(frame.position, value);
        return { steps: [{ root, cursor, replaces: frame.kind === 'SNAPSHOT' }], cursor };
      },
    },
    signal,
  );
}
