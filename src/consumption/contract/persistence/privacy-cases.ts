import assert from 'node:assert/strict';
import { everything } from '../../../domain/query.ts';
import { createMapper } from '../../../persistence/mapper/mapper.ts';
import {
  createMasterKey,
  type MasterKeys,
  parseMasterKeys,
} from '../../../persistence/mapper/master-keys.ts';
import { rotateKeys } from '../../../persistence/mapper/rotate-keys.ts';
import type { Persistence } from '../../../persistence/persistence.ts';
import type { ContractCase } from '../contract-case.ts';
import { assertRejects, readStream, sampleEvent } from '../sample-events.ts';
import { currentKeys, keysOf, openMapped } from '../sample-mapper.ts';

/** What nobody reads without its key, and nobody reads any more. */
export const privacyCases: readonly ContractCase<Persistence>[] = [
  { name: 'keys are rotated, and what was sealed before is read', run: rotated },
  { name: 'who is forgotten reads as erased, and nothing of theirs is in the store', run: erased },
];

async function rotated(persistence: Persistence): Promise<void> {
  const next = parseMasterKeys(createMasterKey('next'));
  const both: MasterKeys = [next[0], currentKeys[0]];
  const open = (masterKeys: MasterKeys) =>
    openMapped(persistence, createMapper({ ...keysOf(persistence, masterKeys), encrypt: true })).events;
  const append = (masterKeys: MasterKeys, data: string) =>
    open(masterKeys).append({ events: [sampleEvent({ data })] });
  await append(currentKeys, 'before');
  const counts = await rotateKeys(persistence.keys, both);
  assert.deepEqual([counts.keys, counts.rewrapped], [1, 1]);
  await append(both, 'after');
  assert.equal((await rotateKeys(persistence.keys, next)).rewrapped, 0);
  await append(next, 'last');
  const read = await readStream(open(next), 'Sample-1');
  assert.deepEqual(
    read.map(({ data }) => data),
    ['before', 'after', 'last'],
  );
  // Each was sealed under the data key of its time, which its bytes name.
  const stored = await readStream(persistence.events, 'Sample-1');
  const named = stored.map(({ data }) => Buffer.from(Object(data)).subarray(2, 18).toString('hex'));
  assert.equal(new Set(named).size, 3);
  await assertRejects('WRONG_MASTER_KEY', readStream(open(currentKeys), 'Sample-1'));
}

const secret = 'a secret that stands nowhere else';

async function erased(persistence: Persistence, another: () => Promise<Persistence>): Promise<void> {
  const { events, snapshots } = openMapped(persistence, createMapper(keysOf(persistence)));
  const registered = (subject: string) =>
    sampleEvent({
      stream: 'Users-1',
      data: { name: `${secret} of ${subject}`, plan: 'free' },
      personal: [{ subject, erased: { name: 'erased' } }],
    });
  await events.append({ events: ['user:1', 'user:2'].map(registered) });
  const state = { names: [secret] };
  const of = (stream: string, subjects: readonly string[]) => ({
    stream,
    version: 1,
    position: 1,
    schemaVersion: 1,
    state,
    subjects,
  });
  await snapshots.save(of('Users-1', ['user:1', 'user:2']));
  await snapshots.save(of('Users-2', ['user:2']));
  const raw = JSON.stringify(await Array.fromAsync(persistence.events.read(everything)));
  assert.ok(!raw.includes(secret) && raw.includes('free'));
  const other = await another();
  const reader = openMapped(other, createMapper(keysOf(other)));
  const names = async (): Promise<readonly unknown[]> =>
    (await readStream(reader.events, 'Users-1')).map(({ data }) => Object(data).name);
  assert.deepEqual(
    await names(),
    ['user:1', 'user:2'].map((subject) => `${secret} of ${subject}`),
  );
  await events.append({ events: [sampleEvent({ stream: 'Users-1', forgets: ['user:1'] })] });
  const fresh = openMapped(other, createMapper(keysOf(other)));
  const left = await readStream(fresh.events, 'Users-1');
  assert.deepEqual(
    left.map(({ data }) => data),
    [{ name: 'erased', plan: 'free' }, { name: `${secret} of user:2`, plan: 'free' }, {}],
  );
  await assertRejects('SUBJECT_FORGOTTEN', fresh.snapshots.loadTails(['Users-1']));
  assert.deepEqual((await fresh.snapshots.loadTails(['Users-2']))[0]?.snapshot?.state, state);
  await assertRejects('SUBJECT_FORGOTTEN', events.append({ events: [registered('user:1')] }));
}
