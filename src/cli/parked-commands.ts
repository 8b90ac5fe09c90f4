import { type AskedOutcome, askParked } from '../consumption/ask-parked.ts';
import type { ParkedAction, ParkedKey } from '../consumption/parked-store.ts';
import { consumerOf } from '../consumption/process-store.ts';
import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { LivefoldError } from '../kernel/errors.ts';
import { stopSignal } from '../main/stop-signal.ts';
import { openBackendStorage } from './open-backend-storage.ts';

/** So many keys of each projection are listed. */
const mostListed = 1_000;
/** So long it waits for whoever works on the projection, in milliseconds. */
const longestWait = 30_000;

/** Lists parked keys: of one projection or process manager, or of all. */
export async function listParkedCommand(
  backend: BackendDefinition,
  name: string | undefined,
  { json }: { readonly json?: boolean },
): Promise<void> {
  const consumers = name === undefined ? consumersOf(backend) : [known(backend, name)];
  await using storage = await openBackendStorage(backend);
  const { parked } = storage.models;
  const lists = await Promise.all(
    consumers.map(async (consumer) => ({
      consumer,
      count: await parked.count(consumer),
      keys: await parked.list(consumer, { first: mostListed }),
    })),
  );
  if (json === true) return console.log(JSON.stringify(lists));
  for (const { consumer, count, keys } of lists) {
    for (const key of keys) report(consumer, key);
    if (count > keys.length)
      console.log(`${consumer}: … and ${(count - keys.length).toLocaleString('en')} more`);
  }
  if (lists.every(({ count }) => count === 0)) console.log('nothing is parked');
}

/** Has what is kept back for a key folded again, or for all keys, and says what came of it. */
export async function retryParkedCommand(
  backend: BackendDefinition,
  name: string,
  key: string | undefined,
  { all = false }: { readonly all?: boolean },
): Promise<void> {
  if ((key === undefined) !== all)
    throw new LivefoldError('BAD_USER_INPUT', 'Give a key, or --all for every parked key of the projection.');
  await ask(backend, name, 'retry', key);
}

/** Has the event left out that parked a key, and what came behind it folded. */
export function skipParkedCommand(backend: BackendDefinition, name: string, key: string): Promise<void> {
  return ask(backend, name, 'skip', key);
}

async function ask(
  backend: BackendDefinition,
  name: string,
  action: ParkedAction,
  key: string | undefined,
): Promise<void> {
  const consumer = known(backend, name);
  await using storage = await openBackendStorage(backend);
  const options = { key, timeout: longestWait, signal: stopSignal() };
  conclude(consumer, await askParked(storage.models.parked, consumer, action, options));
}

/** The exit code is 1 unless all that was asked for has come about. */
function conclude(consumer: string, { asked, state, left, keys }: AskedOutcome): void {
  const n = (count: number): string => `${count.toLocaleString('en')} ${count === 1 ? 'key' : 'keys'}`;
  if (asked === 0 || state !== 'done' || left > 0) process.exitCode = 1;
  if (asked === 0) console.log(`${consumer}: no such key is parked`);
  else if (state === 'idle')
    console.log(
      `${consumer}: no process is up that works on it; ${n(asked)} will be seen to when one starts`,
    );
  else if (state === 'waiting')
    console.log(`${consumer}: ${n(asked)} will be seen to; it takes longer than expected`);
  else {
    if (left < asked) console.log(`${consumer}: ${n(asked - left)} free again`);
    if (left > 0) console.log(`${consumer}: ${n(left)} parked still`);
    for (const one of keys) report(consumer, one);
  }
}

function report(
  consumer: string,
  { key, position, type, error, failures, waiting, nextTry }: ParkedKey,
): void {
  const behind = waiting === 0 ? '' : `, ${waiting.toLocaleString('en')} behind it`;
  const next = nextTry === null ? 'until you retry or skip it' : `next try ${nextTry.toISOString()}`;
  console.log(
    `${consumer}  ${JSON.stringify(key)}  ${type} at ${position}${behind}; tried ${failures} times, ${next}`,
  );
  console.log(`    ${error}`);
}

function consumersOf({ projections, processManagers = [] }: BackendDefinition): readonly string[] {
  return [...projections.map(({ name }) => name), ...processManagers.map(({ name }) => consumerOf(name))];
}

function known(backend: BackendDefinition, name: string): string {
  const consumers = consumersOf(backend);
  if (consumers.includes(name)) return name;
  throw new LivefoldError(
    'UNKNOWN_PROJECTION',
    `The backend has no projection "${name}": it has ${consumers.join(', ') || 'none'}.`,
  );
}
