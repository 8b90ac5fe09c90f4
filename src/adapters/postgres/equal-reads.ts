import type { AnyProjection } from '../../consumption/projection.ts';
import type { RowQuery } from '../../consumption/read-models.ts';
import { EqualWork } from '../../kernel/equal-work.ts';
import { cancellable } from './cancel-queries.ts';

type Read<Query, Result> = (projection: AnyProjection, query: Query) => Promise<Result>;

/**
 * Makes reads that are equal, and come in one turn of the event loop, one: after a restart, or when something has happened, many clients ask
 * for the same page at once. None of them sees rows of before it asked.
 */
export function equalReads<Query extends RowQuery, Result>(read: Read<Query, Result>): Read<Query, Result> {
  const works = new WeakMap<AnyProjection, EqualWork<Result>>();
  return (projection, query) => {
    const work = works.get(projection) ?? new EqualWork<Result>();
    works.set(projection, work);
    const { signal: own, ...meant } = query;
    return work.ask(
      JSON.stringify(meant, exactly),
      (signal) => cancellable(signal, () => read(projection, query)),
      own,
    );
  };
}

/** Values that JSON has no word for, so that none is taken for another. */
function exactly(_: string, value: unknown): unknown {
  return typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))
    ? { [typeof value]: String(value) }
    : value;
}
