import assert from 'node:assert/strict';
import { everything } from '../../../domain/query.ts';
import type { Persistence } from '../../../persistence/persistence.ts';
import type { ContractCase } from '../contract-case.ts';
import { assertDense, assertRejects, idsOf, readAll, readStream, sampleEvents } from '../sample-events.ts';

/** What is done in one transaction is done whole or not at all. */
export const transactionCases: readonly ContractCase<Persistence>[] = [
  { name: 'a transaction that commits leaves events, position and command', run: commits },
  { name: 'a transaction that is rolled back leaves nothing, and no hole', run: rollsBack },
  { name: 'a transaction sees what it appended, and others do not', run: sight },
  { name: 'appends of one transaction are judged by those before them', run: judgedInside },
  { name: 'a refused append leaves its transaction usable', run: usable },
  { name: 'a consumer that is moved twice leaves what came with the second move undone', run: movedTwice },
  { name: 'a known command in a transaction gives its receipt', run: knownCommand },
];

const rollback = new Error('rolled back');
const command = { id: 'command 1', fingerprint: 'f' };

async function commits(persistence: Persistence): Promise<void> {
  const { events, tracking } = persistence;
  const receipt = await persistence.transaction(async (transaction) => {
    await events.append({ events: sampleEvents(2) }, { transaction });
    await tracking.advance('consumer', 7, { transaction });
    return events.append({ events: sampleEvents(1), command }, { transaction });
  });
  assert.deepEqual([receipt.position, receipt.version], [3, 3]);
  assertDense(await readAll(events, everything));
  assert.equal(await events.head(), 3);
  assert.equal(await tracking.positionOf('consumer'), 7);
  assert.deepEqual(await events.receiptOf(command), { ...receipt, duplicate: true });
}

async function rollsBack(persistence: Persistence): Promise<void> {
  const { events, tracking, archive } = persistence;
  await events.append({ events: sampleEvents(1, { tags: ['kept'] }) });
  const lost = sampleEvents(3, { tags: ['lost'] });
  const rolledBack = persistence.transaction(async (transaction) => {
    await events.append({ events: lost, command }, { transaction });
    await tracking.advance('consumer', 7, { transaction });
    throw rollback;
  });
  await assert.rejects(rolledBack, (error) => error === rollback);
  assert.equal(await events.head(), 1);
  assert.deepEqual(await readAll(events, { items: [{ tags: ['lost'] }] }), []);
  assert.equal(await tracking.positionOf('consumer'), null);
  assert.equal(await events.receiptOf(command), null);
  // The same events under the same command id, as if nothing had been.
  const receipt = await events.append({ events: lost, command });
  assert.deepEqual([receipt.position, receipt.version, receipt.duplicate], [4, 4, false]);
  assert.deepEqual((await archive.checkTags()).faults, []);
}

async function sight(persistence: Persistence, another: () => Promise<Persistence>): Promise<void> {
  const { events, snapshots } = persistence;
  const other = await another();
  await events.append({ events: sampleEvents(1) });
  const own = sampleEvents(2, { tags: ['own'] });
  await persistence.transaction(async (transaction) => {
    await events.append({ events: own, command }, { transaction });
    for (const query of [everything, { items: [{ stream: 'Sample-1', afterVersion: 0 }] }]) {
      assertDense(await readAll(events, query, { transaction }));
      assert.deepEqual(idsOf(await readAll(events, query, { transaction, after: 1 })), idsOf(own));
      const newest = await readAll(events, query, { transaction, backwards: true, limit: 1 });
      assert.equal(newest[0]?.position, 3);
      for (const outside of [events, other.events]) assert.equal((await readAll(outside, query)).length, 1);
    }
    const tagged = await readAll(events, { items: [{ tags: ['own'] }] }, { transaction });
    assert.deepEqual(idsOf(tagged), idsOf(own));
    const [tail] = await snapshots.loadTails(['Sample-1'], { transaction });
    const [outside] = await other.snapshots.loadTails(['Sample-1']);
    assert.deepEqual([tail?.events.length, outside?.events.length], [3, 1]);
    assert.equal((await events.receiptOf(command, { transaction }))?.position, 3);
    assert.equal(await other.events.receiptOf(command), null);
    assert.deepEqual([await events.head(), await other.events.head()], [1, 1]);
  });
  assert.deepEqual([await events.head(), await other.events.head()], [3, 3]);
}

async function judgedInside(persistence: Persistence): Promise<void> {
  const { events } = persistence;
  await persistence.transaction(async (transaction) => {
    const append = (version: number) =>
      events.append(
        { events: sampleEvents(2), expected: [{ stream: 'Sample-1', version }] },
        { transaction },
      );
    await append(0);
    await append(2);
    await assertRejects('CONCURRENCY_CONFLICT', append(2));
    const condition = { query: { items: [{ types: ['Sampled'] }] }, after: 0 };
    await assertRejects(
      'CONCURRENCY_CONFLICT',
      events.append({ events: sampleEvents(1), condition }, { transaction }),
    );
    await events.append({ events: sampleEvents(1), condition: { ...condition, after: 4 } }, { transaction });
  });
  assert.equal(await events.head(), 5);
}

async function usable(persistence: Persistence): Promise<void> {
  const { events, tracking } = persistence;
  await tracking.advance('consumer', 7);
  const [known] = sampleEvents(1);
  assert.ok(known);
  await events.append({ events: [known] });
  await persistence.transaction(async (transaction) => {
    await events.append({ events: sampleEvents(1) }, { transaction });
    const expected = [{ stream: 'Sample-1', version: 9 }];
    const bad = { events: sampleEvents(1), expected };
    await assertRejects('CONCURRENCY_CONFLICT', events.append(bad, { transaction }));
    await assertRejects(
      'INVALID_APPEND',
      events.append({ events: sampleEvents(1, { stream: '' }) }, { transaction }),
    );
    await assertRejects('CONCURRENCY_CONFLICT', tracking.advance('consumer', 7, { transaction }));
    await tracking.advance('consumer', 8, { transaction });
    await events.append({ events: sampleEvents(1) }, { transaction });
  });
  assert.deepEqual([await events.head(), await tracking.positionOf('consumer')], [3, 8]);
}

async function movedTwice(persistence: Persistence, another: () => Promise<Persistence>): Promise<void> {
  const move = (mover: Persistence, stream: string) =>
    mover.transaction(async (transaction) => {
      await mover.events.append({ events: sampleEvents(2, { stream }) }, { transaction });
      await mover.tracking.advance('consumer', 5, { transaction });
    });
  await move(persistence, 'First');
  await assertRejects('CONCURRENCY_CONFLICT', move(await another(), 'Second'));
  assert.deepEqual(await readStream(persistence.events, 'Second'), []);
  assert.equal(await persistence.tracking.positionOf('consumer'), 5);
  assert.equal((await persistence.events.append({ events: sampleEvents(1) })).position, 3);
}

async function knownCommand(persistence: Persistence): Promise<void> {
  const { events } = persistence;
  const first = await events.append({ events: sampleEvents(2), command });
  const again = await persistence.transaction((transaction) =>
    events.append({ events: sampleEvents(2), command }, { transaction }),
  );
  assert.deepEqual(again, { ...first, duplicate: true });
  assert.equal(await events.head(), 2);
}
