import { LivefoldError } from '../../kernel/errors.ts';
import type { Application } from './application.ts';

/** One application that follows another. */
export type Pipe = { readonly upstream: Application; readonly follower: Application };

/** Several applications, and who follows whom. */
export type System = {
  readonly applications: readonly Application[];
  /** In the order in which they were given, each once. */
  readonly pipes: readonly Pipe[];
};

/**
 * Defines a system by its pipes: in `[A, B, C]`, B follows A and C follows B. Loops are allowed, and an application that
 * follows itself.
 *
 * @throws LivefoldError `INVALID_SYSTEM` for a pipe of one application, two applications of one name, or a follower that
 *   reacts to nothing
 */
export function system(definition: { readonly pipes: readonly (readonly Application[])[] }): System {
  const short = definition.pipes.find(({ length }) => length < 2);
  if (short !== undefined || definition.pipes.length === 0)
    throw invalid('a pipe names at least two applications: who is followed, and who follows');
  const pipes = definition.pipes.flatMap(pipesOf);
  const applications = [...new Set(definition.pipes.flat())];
  const names = new Set(applications.map(({ name }) => name));
  if (names.size < applications.length) throw invalid('each of its applications needs a name of its own');
  for (const { upstream, follower } of pipes)
    if (follower.types.length === 0)
      throw invalid(
        `"${follower.name}" follows "${upstream.name}" and reacts to nothing: say with \`.on(Event, …)\` to what`,
      );
  return { applications, pipes: pipes.filter((pipe, index) => pipes.findIndex(isSame(pipe)) === index) };
}

function pipesOf(applications: readonly Application[]): readonly Pipe[] {
  return applications.slice(1).flatMap((follower, index) => {
    const upstream = applications[index];
    return upstream === undefined ? [] : [{ upstream, follower }];
  });
}

function isSame(pipe: Pipe): (other: Pipe) => boolean {
  return ({ upstream, follower }) => upstream === pipe.upstream && follower === pipe.follower;
}

export function invalid(why: string): LivefoldError {
  return new LivefoldError('INVALID_SYSTEM', `The system cannot run: ${why}.`);
}
