import { type AskedOutcome, askParked } from '../consumption/ask-parked.ts';
import type { ParkedAction, ParkedKey } from '../consumption/parked-store.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { Backend } from './backend.ts';
import { checkPageSize } from './connection.ts';
import type { GraphQLContext } from './context.ts';
import type { ParkedOf } from './listed-projection.ts';

const usualPage = 20;
const largestPage = 1_000;
/** So long a mutation waits until it is done, in milliseconds. */
const longestWait = 5_000;

export function countParked({ consumer }: ParkedOf, { models }: Backend): Promise<number> {
  return models.parked.count(consumer);
}

export function listParked(
  { consumer }: ParkedOf,
  {
    first,
    after,
  }: { readonly first?: number | null | undefined; readonly after?: string | null | undefined },
  { models }: Backend,
): Promise<readonly ParkedKey[]> {
  const size = checkPageSize('first', first ?? usualPage, largestPage);
  return models.parked.list(consumer, { first: size, after: after ?? undefined });
}

/** @throws LivefoldError `BAD_USER_INPUT` for a projection that is none, or a process manager */
export async function askAboutParked(
  action: ParkedAction,
  { projection, key }: { readonly projection: string; readonly key?: string | null | undefined },
  { backend, signal }: GraphQLContext,
): Promise<AskedOutcome & { readonly done: boolean }> {
  if (!backend.projections.has(projection) && !backend.processManagers.includes(projection)) {
    const message = `There is no projection or process manager "${projection}".`;
    throw new LivefoldError('BAD_USER_INPUT', message, {
      fields: { issues: [{ path: ['projection'], message }] },
    });
  }
  const options = { key: key ?? undefined, timeout: longestWait, signal };
  const outcome = await askParked(backend.models.parked, projection, action, options);
  return { ...outcome, done: outcome.state === 'done' };
}
