import type { Filter } from '../consumption/filter.ts';
import type { AnyProjection, StoredRow } from '../consumption/projection.ts';
import type { Position } from '../persistence/event-store.ts';
import { checkPosition, runningProjection } from './at-least.ts';
import { visibleRows } from './auth/guard-models.ts';
import type { GraphQLContext } from './context.ts';
import { type Frame, frameAt } from './frame.ts';
import { type LiveFrame, liveRows } from './live-rows.ts';

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
    ): AsyncGenerator<LiveRoot<Field, P>> =>
      watch(field, projection, { filter: toFilter(args), after: args.after }, context),
  };
}

/** An SSE client's `Last-Event-ID` counts before `after`: the browser repeats the original request when it reconnects. */
async function* watch<Field extends string, P extends AnyProjection>(
  field: Field,
  projection: P,
  { filter, after: asked }: LiveArguments,
  { backend, session, resumeAfter, signal }: GraphQLContext,
): AsyncGenerator<LiveRoot<Field, P>> {
  const running = runningProjection(backend, projection.name);
  const resume = resumeAfter ?? asked;
  if (resume !== null && resume !== undefined) await checkPosition(backend, resume, 'after');
  let after = resume;
  while (!signal.aborted) {
    const { permissions, replaced } = session;
    const frames = liveRows({
      running,
      models: backend.models,
      filter: visibleRows(permissions, projection.name, filter),
      isPartial: permissions.rowFilter(projection.name) !== undefined,
      after,
      signal: AbortSignal.any([signal, replaced]),
    });
    for await (const frame of frames) {
      if (replaced.aborted) break;
      // A computed key widens to string: the one key it has is the field. The rows come from the projection's own table.
      yield frameAt(frame.position, { [field]: frame } as Readonly<Record<Field, LiveFrame<StoredRow<P>>>>);
    }
    // The caller may see more now, or less: what it holds is replaced.
    after = undefined;
  }
}
