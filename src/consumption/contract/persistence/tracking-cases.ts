import assert from 'node:assert/strict';
import { Bell, sleep } from '../../../kernel/async.ts';
import { isLivefoldError } from '../../../kernel/errors.ts';
import type { Persistence } from '../../../persistence/persistence.ts';
import { waitForPosition } from '../../../persistence/wait-for-position.ts';
import type { ContractCase } from '../contract-case.ts';
import { assertRejects, outcomeOf } from '../sample-events.ts';

/** How far consumers have come. */
export const trackingCases: readonly ContractCase<Persistence>[] = [
  { name: 'a consumer that nobody has heard of has no position', run: unknownConsumer },
  { name: 'a consumer only moves on', run: onlyForward },
  { name: 'consumers of similar names are apart', run: separateConsumers },
  { name: 'of many who move a consumer to one position exactly one does', run: atOnce },
  { name: 'a wait for a position ends when it is reached, before or meanwhile', run: reached },
  { name: 'a wait for a position that is not reached says where the consumer is', run: notReached },
  { name: 'a wait for a position is stopped by its signal', run: stopped },
];

async function unknownConsumer({ tracking }: Persistence): Promise<void> {
  await tracking.advance('known', 3);
  assert.equal(await tracking.positionOf('unknown'), null);
}

async function onlyForward({ tracking }: Persistence): Promise<void> {
  for (const position of [0, 5, 7]) {
    await tracking.advance('consumer', position);
    assert.equal(await tracking.positionOf('consumer'), position);
  }
  for (const position of [7, 6, 0])
    await assertRejects('CONCURRENCY_CONFLICT', tracking.advance('consumer', position));
  assert.equal(await tracking.positionOf('consumer'), 7);
  await tracking.advance('consumer', 2 ** 40);
  assert.equal(await tracking.positionOf('consumer'), 2 ** 40);
}

async function separateConsumers({ tracking }: Persistence): Promise<void> {
  const names = ['orders', 'Orders', 'orders ', 'orders%', "'", 'заказы', '\u{1f600}', 'x'.repeat(255)];
  for (const [index, name] of names.entries()) await tracking.advance(name, index + 1);
  for (const [index, name] of names.entries()) assert.equal(await tracking.positionOf(name), index + 1);
}

async function atOnce(persistence: Persistence, another: () => Promise<Persistence>): Promise<void> {
  const all = [persistence, await another(), await another(), await another()];
  for (let position = 1; position <= 10; position += 1) {
    const moves = all.flatMap(({ tracking }) =>
      [1, 2].map(() => outcomeOf(tracking.advance('consumer', position))),
    );
    const outcomes = await Promise.all(moves);
    assert.equal(outcomes.filter((outcome) => outcome === 'appended').length, 1);
    assert.equal(await persistence.tracking.positionOf('consumer'), position);
  }
}

/** So long a wait may take that is certain to end: the slowest machine is faster. */
const timeout = 60_000;

async function reached({ tracking }: Persistence): Promise<void> {
  await waitForPosition(tracking, 'consumer', 0, { timeout: 0 });
  await tracking.advance('consumer', 3);
  await waitForPosition(tracking, 'consumer', 3, { timeout: 0 });
  const bell = new Bell();
  const waits = [waitForPosition(tracking, 'consumer', 5, { timeout, bell })];
  // Nobody rings for this one.
  waits.push(waitForPosition(tracking, 'consumer', 6, { timeout }));
  for (const position of [4, 6]) {
    await tracking.advance('consumer', position);
    bell.ring();
  }
  await Promise.all(waits);
}

async function notReached({ tracking }: Persistence): Promise<void> {
  await tracking.advance('consumer', 3);
  const waits = [0, 30].map((most) => waitForPosition(tracking, 'consumer', 4, { timeout: most }));
  for (const wait of waits)
    await assert.rejects(
      wait,
      (error) =>
        isLivefoldError(error, 'PROJECTION_LAGGING') &&
        error.fields.projection === 'consumer' &&
        error.fields.position === '3' &&
        error.fields.atLeast === '4',
    );
}

async function stopped({ tracking }: Persistence): Promise<void> {
  const wait = (signal: AbortSignal) => waitForPosition(tracking, 'consumer', 1, { timeout, signal });
  await assertRejects('ABORTED', wait(AbortSignal.abort()));
  const stopping = new AbortController();
  const waiting = assertRejects('ABORTED', wait(stopping.signal));
  await sleep(5);
  stopping.abort();
  await waiting;
}
