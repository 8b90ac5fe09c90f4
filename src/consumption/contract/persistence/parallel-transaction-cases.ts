import assert from 'node:assert/strict';
import { everything } from '../../../domain/query.ts';
import { nextTurn } from '../../../kernel/async.ts';
import type { Persistence } from '../../../persistence/persistence.ts';
import type { ContractCase } from '../contract-case.ts';
import { assertDense, assertSameList, readAll, sampleEvents } from '../sample-events.ts';

/** Transactions beside each other, and beside those who read. */
export const parallelTransactionCases: readonly ContractCase<Persistence>[] = [
  { name: 'the events of one transaction are never interleaved with others', run: atOnce },
  { name: 'a reader beside transactions that are held open or rolled back misses nothing', run: tailed },
];

const rollback = new Error('rolled back');

async function atOnce(persistence: Persistence, another: () => Promise<Persistence>): Promise<void> {
  const all = [persistence, await another(), await another(), await another()];
  const work = (writer: Persistence, stream: string) =>
    writer.transaction(async (transaction) => {
      for (let n = 0; n < 2; n += 1) {
        await writer.events.append({ events: sampleEvents(3, { stream }) }, { transaction });
        await nextTurn();
      }
    });
  const running = all.flatMap((each, n) => [work(each, `Even-${n}`), work(each, `Odd-${n}`)]);
  const alone = all.map(({ events }) => events.append({ events: sampleEvents(2, { stream: 'Alone' }) }));
  await Promise.all([...running, ...alone]);
  const log = await readAll(persistence.events, everything);
  assert.equal(log.length, 8 * 6 + 4 * 2);
  assertDense(log);
  for (const [stream, own] of Map.groupBy(log, (event) => event.stream)) {
    const first = own[0]?.position ?? 0;
    if (stream !== 'Alone')
      assert.deepEqual(
        own.map(({ position }) => position - first),
        [0, 1, 2, 3, 4, 5],
      );
  }
}

async function tailed(persistence: Persistence, another: () => Promise<Persistence>): Promise<void> {
  const all = [persistence, await another(), await another(), await another()];
  const done = new AbortController();
  const seen: number[] = [];
  const tailing = (async () => {
    for (let isLast = false; !isLast; ) {
      // Asked before the read: what was stored by then must be in it.
      isLast = done.signal.aborted;
      for (const { position } of await readAll(persistence.events, everything, { after: seen.at(-1) ?? 0 }))
        seen.push(position);
      await nextTurn();
    }
  })();
  const stored = await Promise.all(all.map((each, n) => writeHeld(each, `Writer-${n}`)));
  done.abort();
  await tailing;
  const total = stored.reduce((sum, count) => sum + count);
  assertSameList(
    seen,
    Array.from({ length: total }, (_, index) => index + 1),
  );
}

/** Appends alone and in transactions that stay open a while, of which some are rolled back; the answer is how many events stay. */
async function writeHeld(writer: Persistence, stream: string): Promise<number> {
  let stored = 0;
  for (let n = 0; n < 24; n += 1) {
    const some = sampleEvents(1 + (n % 4), { stream: n % 2 === 0 ? 'Shared' : stream });
    const work = async (transaction: unknown): Promise<void> => {
      await writer.events.append({ events: some }, { transaction });
      for (let turn = 0; turn < n % 5; turn += 1) await nextTurn();
      if (n % 6 === 0) throw rollback;
    };
    if (n % 3 !== 0) await writer.events.append({ events: some });
    else if (await writer.transaction(work).then(() => false, isRollback)) continue;
    stored += some.length;
  }
  return stored;
}

function isRollback(error: unknown): true {
  if (error !== rollback) throw error;
  return true;
}
