import type postgres from 'postgres';
import { cancel, isRunning, type Query } from './cancel-queries.ts';
import { databaseCode } from './translate-error.ts';

/** Milliseconds that a statement may keep those behind it waiting: a hundred times what a short batch takes, also on a busy machine. */
const longestTurn = 500;

/**
 * Cancels what holds up a connection that many share, because it waits for a lock, say: whoever sent it takes one of their own
 * then. The statements stand in line at the server, so that only the first of them can be what takes long.
 */
export function shortTurns(client: postgres.Sql): postgres.Sql {
  const unsafe = client.unsafe.bind(client);
  const line = new Set<Query>();
  let timer: NodeJS.Timeout | undefined;
  const watchFirst = (): void => {
    clearTimeout(timer);
    const [first] = line;
    if (first === undefined) return;
    timer = setTimeout(() => {
      // Until there is a connection none has its turn.
      if (isRunning(first)) cancel(first);
      else watchFirst();
    }, longestTurn);
  };
  const limited = (...given: Parameters<typeof unsafe>): Query => {
    const query = unsafe(...given);
    line.add(query);
    if (line.size === 1) watchFirst();
    const leave = (): void => {
      line.delete(query);
      watchFirst();
    };
    query.then(leave, leave);
    return query;
  };
  return Object.assign(client, { unsafe: limited });
}

/** Does work on the connection that many share; where it would hold that up, anew on one of its own. */
export async function inShortTurn<Session, Result>(
  { pipeline, session }: { readonly pipeline: Session; readonly session: Session },
  work: (on: Session) => Promise<Result>,
): Promise<Result> {
  try {
    return await work(pipeline);
  } catch (error) {
    // Cancelled in place of another, too: a cancellation may come late.
    if (pipeline === session || databaseCode(error) !== '57014') throw error;
    return work(session);
  }
}
