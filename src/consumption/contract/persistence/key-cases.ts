import assert from 'node:assert/strict';
import { createId } from '../../../kernel/ids.ts';
import type { StoredKey } from '../../../persistence/key-store.ts';
import type { Persistence } from '../../../persistence/persistence.ts';
import type { ContractCase } from '../contract-case.ts';
import { assertRejects, sampleEvents } from '../sample-events.ts';

/** Keys, and how they are destroyed. */
export const keyCases: readonly ContractCase<Persistence>[] = [
  { name: 'keys are found by id and by subject, and unknown ones are left out', run: found },
  { name: 'a subject has one key for ever', run: onePerSubject },
  { name: 'of many keys added at once for one subject all get the same', run: atOnce },
  { name: 'keys are listed in the order of their ids', run: listed },
  { name: 'a key is wrapped anew, unless it was destroyed', run: rewrapped },
  { name: "an append destroys the keys of those it forgets, and nobody else's", run: destroyed },
  { name: 'a subject that was forgotten never gets a key again', run: neverAgain },
  { name: 'an append that is refused or rolled back destroys no key', run: refused },
];

function sampleKey(subject: string | null, parts: Partial<StoredKey> = {}): StoredKey {
  return { id: createId(), subject, masterId: 'master 1', wrapped: Uint8Array.of(0, 1, 254, 255), ...parts };
}

function assertKeys(actual: readonly StoredKey[], expected: readonly StoredKey[]): void {
  assert.deepEqual(actual.map(shown), expected.map(shown));
}

/** The same for each kind of `Uint8Array`. */
function shown({ id, subject, masterId, wrapped }: StoredKey) {
  return { id, subject, masterId, wrapped: wrapped && Buffer.from(wrapped).toString('hex') };
}

function sorted(keys: readonly StoredKey[]): readonly StoredKey[] {
  return keys.toSorted((one, other) => (one.id < other.id ? -1 : 1));
}

async function found({ keys }: Persistence): Promise<void> {
  const [a, b, c, d] = [sampleKey('user:a'), sampleKey('user:"b" {,}\\'), sampleKey(null), sampleKey(null)];
  assertKeys(await keys.addKeys([a, b, c, d]), [a, b, c, d]);
  assertKeys(await keys.addKeys([]), []);
  assertKeys(await keys.findKeys({}), []);
  assertKeys(await keys.findKeys({ ids: [a.id] }), [a]);
  assertKeys(await keys.findKeys({ subjects: ['user:"b" {,}\\', 'user:unknown'] }), [b]);
  assertKeys(sorted(await keys.findKeys({ subjects: [null] })), sorted([c, d]));
  const wanted = { ids: [a.id, createId(), c.id], subjects: ['user:a', 'user:"b" {,}\\'] };
  assertKeys(sorted(await keys.findKeys(wanted)), sorted([a, b, c]));
}

async function onePerSubject({ keys }: Persistence): Promise<void> {
  const first = sampleKey('user:1');
  assertKeys(await keys.addKeys([first]), [first]);
  const [other, ofNobody] = [sampleKey('user:2'), sampleKey(null)];
  const again = [sampleKey('user:1'), other, ofNobody, first];
  assertKeys(await keys.addKeys(again), [first, other, ofNobody, first]);
  assertKeys(await keys.findKeys({ subjects: ['user:1'] }), [first]);
  const [one, two] = await keys.addKeys([sampleKey('user:3'), sampleKey('user:3')]);
  assert.ok(one && two);
  assertKeys([one], [two]);
}

async function atOnce(persistence: Persistence, another: () => Promise<Persistence>): Promise<void> {
  const stores = [persistence.keys, (await another()).keys];
  const adding = stores.flatMap((store) =>
    Array.from({ length: 8 }, (_, n) => {
      const added = [sampleKey('user:1'), sampleKey('user:2')];
      return store.addKeys(n % 2 === 0 ? added : added.reverse());
    }),
  );
  const answers = await Promise.all(adding);
  const ids = new Set(answers.flat().map(({ subject, id }) => `${subject} ${id}`));
  assert.equal(ids.size, 2);
}

async function listed({ keys }: Persistence): Promise<void> {
  const all = Array.from({ length: 7 }, (_, n) => sampleKey(n % 3 === 0 ? null : `user:${n}`));
  for (const key of all.toReversed()) await keys.addKeys([key]);
  const inOrder = sorted(all);
  assertKeys(await keys.listKeys({ limit: 99 }), inOrder);
  assertKeys(await keys.listKeys({ limit: 3 }), inOrder.slice(0, 3));
  assertKeys(await keys.listKeys({ limit: 3, after: inOrder[2]?.id ?? '' }), inOrder.slice(3, 6));
  assertKeys(await keys.listKeys({ limit: 3, after: inOrder[6]?.id ?? '' }), []);
}

async function rewrapped({ keys, events }: Persistence): Promise<void> {
  const [kept, gone, ofNobody] = [sampleKey('user:kept'), sampleKey('user:gone'), sampleKey(null)];
  await keys.addKeys([kept, gone, ofNobody]);
  await events.append({ events: [], forget: ['user:gone'] });
  const anew = { masterId: 'master 2', wrapped: Uint8Array.of(7) };
  const unknown = sampleKey('user:unknown');
  await keys.rewrapKeys([kept, gone, unknown, ofNobody].map((key) => ({ ...key, ...anew })));
  const found = await keys.findKeys({ ids: [kept.id, ofNobody.id, unknown.id] });
  assertKeys(sorted(found), sorted([kept, ofNobody].map((key) => ({ ...key, ...anew }))));
  const [destroyedKey] = await keys.findKeys({ ids: [gone.id] });
  assert.equal(destroyedKey?.wrapped, null);
}

async function destroyed({ keys, events }: Persistence): Promise<void> {
  const subjects = ['user:1', 'user:2', 'user:3', 'user:4'];
  const [one, two, three, four] = subjects.map((subject) => sampleKey(subject));
  assert.ok(one && two && three && four);
  const ofNobody = sampleKey(null);
  await keys.addKeys([one, two, three, four, ofNobody]);
  await events.append({ events: sampleEvents(1), forget: ['user:1', 'user:3'] });
  const receipt = await events.append({ events: [], forget: ['user:4'] });
  assert.equal(receipt.position, 1);
  const found = await keys.findKeys({ subjects: [...subjects, null] });
  const states = new Map(found.map(({ subject, wrapped }) => [subject, wrapped !== null]));
  assert.deepEqual(
    [...subjects, null].map((subject) => states.get(subject)),
    [false, true, false, false, true],
  );
  assert.deepEqual(
    new Set(found.map(({ id }) => id)),
    new Set([one, two, three, four, ofNobody].map((key) => key.id)),
  );
}

async function neverAgain({ keys, events }: Persistence): Promise<void> {
  const known = sampleKey('user:known');
  await keys.addKeys([known]);
  await events.append({ events: sampleEvents(1), forget: ['user:known', 'user:new', 'user:new'] });
  const answers = await keys.addKeys([sampleKey('user:known'), sampleKey('user:new')]);
  assert.deepEqual(
    answers.map(({ subject, wrapped }) => [subject, wrapped]),
    [
      ['user:known', null],
      ['user:new', null],
    ],
  );
  assert.equal(answers[0]?.id, known.id);
  // Once more is no error, and changes nothing.
  await events.append({ events: [], forget: ['user:known', 'user:new'] });
  assertKeys(await keys.addKeys([sampleKey('user:known'), sampleKey('user:new')]), answers);
}

async function refused(persistence: Persistence): Promise<void> {
  const { keys, events } = persistence;
  const key = sampleKey('user:1');
  await keys.addKeys([key]);
  const command = { id: 'command 1', fingerprint: 'f' };
  await events.append({ events: sampleEvents(1), command });
  const forget = ['user:1', 'user:2'];
  const expected = [{ stream: 'Sample-1', version: 7 }];
  await assertRejects('CONCURRENCY_CONFLICT', events.append({ events: sampleEvents(1), expected, forget }));
  const other = { ...command, fingerprint: 'other' };
  await assertRejects('COMMAND_ID_REUSED', events.append({ events: [], command: other, forget }));
  const rollback = new Error('rolled back');
  const rolledBack = persistence.transaction(async (transaction) => {
    await events.append({ events: sampleEvents(1), forget }, { transaction });
    throw rollback;
  });
  await assert.rejects(rolledBack, (error) => error === rollback);
  assertKeys(await keys.findKeys({ subjects: ['user:1'] }), [key]);
  const [second] = await keys.addKeys([sampleKey('user:2')]);
  assert.notEqual(second?.wrapped, null);
  await persistence.transaction((transaction) => events.append({ events: [], forget }, { transaction }));
  const gone = await keys.findKeys({ subjects: forget });
  assert.deepEqual(
    gone.map(({ wrapped }) => wrapped),
    [null, null],
  );
}
