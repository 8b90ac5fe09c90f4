import assert from 'node:assert/strict';
import type { EventStore } from '../../../persistence/event-store.ts';
import type { ContractCase } from '../contract-case.ts';
import { assertRejects, idsOf, sampleEvent, sampleEvents } from '../sample-events.ts';

const command = { id: 'command 1', fingerprint: 'place 7' };

/** What makes an append happen once. */
export const commandCases: readonly ContractCase<EventStore>[] = [
  { name: 'a command id again gives the first receipt and stores nothing', run: duplicate },
  { name: 'a command id with another fingerprint is refused', run: reused },
  { name: 'a command without events is remembered too', run: withoutEvents },
  { name: 'a refused append leaves its command id unused', run: refused },
  { name: 'a command id is looked up', run: lookUp },
  { name: 'a command id that no store can keep is refused', run: badIds },
  { name: 'twenty sends of one command at once are one append', run: atOnce },
  { name: 'of two commands under one id at once one is refused', run: twoAtOnce },
];

async function duplicate(store: EventStore): Promise<void> {
  await store.append({ events: sampleEvents(2) });
  const first = await store.append({ events: sampleEvents(3), command });
  await store.append({ events: sampleEvents(2) });
  // The expectation would fail now; the command was carried out all the same.
  const again = await store.append({
    events: sampleEvents(1),
    command,
    expected: [{ stream: 'Sample-1', version: 2 }],
  });
  assert.deepEqual(again, { ...first, duplicate: true });
  assert.equal(await store.head(), 7);
}

async function reused(store: EventStore): Promise<void> {
  await store.append({ events: sampleEvents(1), command });
  await assertRejects(
    'COMMAND_ID_REUSED',
    store.append({ events: sampleEvents(1), command: { ...command, fingerprint: 'place 8' } }),
  );
  assert.equal(await store.head(), 1);
}

async function withoutEvents(store: EventStore): Promise<void> {
  await store.append({ events: sampleEvents(1) });
  const first = await store.append({ events: [], command });
  assert.deepEqual([first.position, first.eventIds, first.duplicate], [1, [], false]);
  const again = await store.append({ events: sampleEvents(1), command });
  assert.deepEqual([again.position, again.eventIds, again.duplicate], [1, [], true]);
  assert.equal(await store.head(), 1);
}

async function refused(store: EventStore): Promise<void> {
  const expected = [{ stream: 'Sample-1', version: 4 }];
  await assertRejects('CONCURRENCY_CONFLICT', store.append({ events: sampleEvents(1), command, expected }));
  assert.equal(await store.receiptOf(command), null);
  assert.equal((await store.append({ events: sampleEvents(1), command })).duplicate, false);
}

async function lookUp(store: EventStore): Promise<void> {
  assert.equal(await store.receiptOf(command), null);
  const events = [sampleEvent({ stream: 'A' }), sampleEvent({ stream: 'B' })];
  await store.append({ events, command });
  assert.deepEqual(await store.receiptOf(command), {
    position: 2,
    stream: 'B',
    version: 1,
    eventIds: idsOf(events),
    duplicate: true,
  });
  await assertRejects('COMMAND_ID_REUSED', store.receiptOf({ ...command, fingerprint: 'other' }));
}

async function badIds(store: EventStore): Promise<void> {
  for (const id of ['', 'x'.repeat(256), 'a\0b']) {
    await assertRejects(
      'INVALID_APPEND',
      store.append({ events: sampleEvents(1), command: { ...command, id } }),
    );
  }
  assert.equal(await store.head(), 0);
}

async function atOnce(store: EventStore, another: () => Promise<EventStore>): Promise<void> {
  const stores = [store, await another()];
  const sends = stores.flatMap((each) =>
    Array.from({ length: 10 }, () => each.append({ events: sampleEvents(2), command })),
  );
  const receipts = await Promise.all(sends);
  const first =
    receipts.find(({ duplicate: isDuplicate }) => !isDuplicate) ?? assert.fail('no send was the first');
  const others = receipts.filter((one) => one !== first);
  for (const other of others) assert.deepEqual(other, { ...first, duplicate: true });
  assert.equal(await store.head(), 2);
}

async function twoAtOnce(store: EventStore, another: () => Promise<EventStore>): Promise<void> {
  const stores = [store, await another()];
  for (let round = 1; round <= 10; round += 1) {
    const sends = stores.map((each, n) =>
      each.append({ events: sampleEvents(1), command: { id: `round ${round}`, fingerprint: String(n) } }),
    );
    const codes = (await Promise.allSettled(sends)).map((sent) =>
      sent.status === 'fulfilled' ? 'appended' : sent.reason.code,
    );
    assert.deepEqual(codes.sort(), ['COMMAND_ID_REUSED', 'appended']);
    assert.equal(await store.head(), round);
  }
}
