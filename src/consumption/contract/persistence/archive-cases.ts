import assert from 'node:assert/strict';
import type { StoredEvent } from '../../../domain/event.ts';
import { everything } from '../../../domain/query.ts';
import { createId } from '../../../kernel/ids.ts';
import type { StoredCommand } from '../../../persistence/log-archive.ts';
import type { Persistence } from '../../../persistence/persistence.ts';
import type { ContractCase } from '../contract-case.ts';
import {
  assertRejects,
  assertSameList,
  idsOf,
  readAll,
  sampleEvent,
  sampleEvents,
} from '../sample-events.ts';

/** A whole log that moves from one store to another. */
export const archiveCases: readonly ContractCase<Persistence>[] = [
  { name: 'a restored log reads as it was where it came from', run: restored },
  { name: 'a log is restored in parts', run: inParts },
  { name: 'a restored log goes on as any other', run: goesOn },
  { name: 'what does not follow on the head is refused whole', run: doesNotFollow },
  { name: 'a command that is there already stays as it is', run: knownCommands },
  { name: 'commands are read by ranges of positions, in order', run: ranges },
  { name: 'the index of tags is compared with the events', run: tags },
];

const recordedAt = (n: number): Date => new Date(Date.UTC(2001, 0, 1) + n);

/** Events as another store held them: two streams by turns, recorded in pairs, some with bytes and tags. */
function foreignLog(count: number): readonly StoredEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    ...sampleEvent({
      stream: `Foreign-${index % 2}`,
      data: index % 3 === 0 ? Uint8Array.of(index, 255) : { index },
      tags: index % 2 === 0 ? ['even', `index:${index}`] : [],
      metadata: { index },
      actor: 'user:1',
    }),
    position: index + 1,
    version: Math.floor(index / 2) + 1,
    recordedAt: recordedAt(Math.floor(index / 2)),
  }));
}

const foreignCommands: readonly StoredCommand[] = [
  { id: 'at 0', fingerprint: 'f', position: 0, events: 0 },
  { id: 'at 2', fingerprint: 'f', position: 2, events: 2 },
  { id: 'at 5', fingerprint: 'g', position: 5, events: 3 },
  { id: 'at 5 too', fingerprint: 'h', position: 5, events: 0 },
];

async function readCommands({ archive }: Persistence, after = -1, upTo = 1_000_000) {
  return Array.fromAsync(archive.readCommands({ after, upTo }));
}

async function restored(persistence: Persistence): Promise<void> {
  const { archive, events } = persistence;
  const log = foreignLog(6);
  await archive.restore({ events: log, commands: foreignCommands });
  assert.deepEqual(await readAll(events, everything), log);
  assert.equal(await events.head(), 6);
  assert.deepEqual(await readCommands(persistence), foreignCommands);
  assert.deepEqual(await events.receiptOf({ id: 'at 5', fingerprint: 'g' }), {
    position: 5,
    stream: 'Foreign-0',
    version: 3,
    eventIds: idsOf(log.slice(2, 5)),
    duplicate: true,
  });
  const again = await events.append({ events: sampleEvents(1), command: { id: 'at 0', fingerprint: 'f' } });
  assert.deepEqual([again.duplicate, again.position], [true, 0]);
  await assertRejects('COMMAND_ID_REUSED', events.receiptOf({ id: 'at 2', fingerprint: 'other' }));
}

async function inParts(persistence: Persistence): Promise<void> {
  const { archive, events } = persistence;
  const log = foreignLog(2_500);
  for (const [from, to] of [
    [0, 1],
    [1, 1],
    [1, 1_500],
    [1_500, 2_500],
  ])
    await archive.restore({ events: log.slice(from, to), commands: [] });
  assertSameList(await readAll(events, everything), log);
}

async function goesOn(persistence: Persistence): Promise<void> {
  const { archive, events } = persistence;
  // A store whose clock was ahead of ours.
  const last = new Date('2199-12-31T23:59:59.999Z');
  const log = foreignLog(6).map((event) => (event.position < 5 ? event : { ...event, recordedAt: last }));
  await archive.restore({ events: log, commands: [] });
  const even = { items: [{ tags: ['even'] }] };
  assert.deepEqual(
    (await readAll(events, even)).map(({ position }) => position),
    [1, 3, 5],
  );
  const item = { events: sampleEvents(1, { stream: 'Foreign-0' }) };
  await assertRejects(
    'CONCURRENCY_CONFLICT',
    events.append({ ...item, condition: { query: even, after: 4 } }),
  );
  await assertRejects('CONCURRENCY_CONFLICT', events.append({ events: log.slice(0, 1) }));
  const expected = [{ stream: 'Foreign-0', version: 3 }];
  const receipt = await events.append({ ...item, expected, condition: { query: even, after: 5 } });
  assert.deepEqual([receipt.position, receipt.version], [7, 4]);
  const [newest] = await readAll(events, everything, { after: 6 });
  assert.ok(newest && newest.recordedAt >= last);
  assert.equal((await readAll(events, everything, { asOf: recordedAt(1) })).length, 4);
}

async function doesNotFollow({ archive, events }: Persistence): Promise<void> {
  const log = foreignLog(6);
  await archive.restore({ events: log.slice(0, 3), commands: [] });
  const [fourth, fifth, sixth] = log.slice(3);
  assert.ok(fourth && fifth && sixth);
  const refused: readonly (readonly StoredEvent[])[] = [
    [fifth],
    log.slice(2),
    [fourth, sixth],
    [fourth, { ...fifth, position: 4 }],
    [fourth, { ...fifth, version: 4 }],
    [fourth, { ...fifth, version: 2 }],
    [fourth, fifth, { ...sixth, recordedAt: recordedAt(1) }],
    [{ ...fourth, recordedAt: recordedAt(0) }],
    [fourth, { ...fifth, id: log[0]?.id ?? '' }],
    [fourth, { ...fifth, id: fourth.id }],
  ];
  const commands = [{ id: 'with them', fingerprint: 'f', position: 4, events: 1 }];
  for (const part of refused)
    await assertRejects('CONCURRENCY_CONFLICT', archive.restore({ events: part, commands }));
  const unstorable = [fourth, { ...fifth, data: 'a \0' }];
  await assertRejects('INVALID_APPEND', archive.restore({ events: unstorable, commands }));
  assert.equal(await events.head(), 3);
  assert.equal(await events.receiptOf({ id: 'with them', fingerprint: 'f' }), null);
  await archive.restore({ events: [fourth, fifth, sixth], commands });
  assert.deepEqual(await readAll(events, everything), log);
}

async function knownCommands(persistence: Persistence): Promise<void> {
  const { archive, events } = persistence;
  await archive.restore({ events: foreignLog(6), commands: foreignCommands.slice(0, 2) });
  const others = foreignCommands.map((command) => ({ ...command, fingerprint: 'other', events: 1 }));
  await archive.restore({ events: [], commands: others });
  assert.deepEqual(await readCommands(persistence), [...foreignCommands.slice(0, 2), ...others.slice(2)]);
  assert.equal((await events.receiptOf({ id: 'at 2', fingerprint: 'f' }))?.eventIds.length, 2);
}

async function ranges(persistence: Persistence): Promise<void> {
  const { events } = persistence;
  await events.append({ events: [], command: { id: 'z', fingerprint: 'f' } });
  // Ids made later are greater: in reverse, so that no order of arrival passes for theirs.
  const ids = Array.from({ length: 30 }, () => createId()).reverse();
  for (const [n, id] of ids.entries()) {
    const command = { id, fingerprint: String(n) };
    // Every third has no event, and stands where the one before it stands.
    await events.append({ events: n % 3 === 2 ? [] : sampleEvents(2), command });
  }
  const positionOf = (n: number): number => 2 * (n + 1 - Math.floor((n + 1) / 3));
  const all = [
    { id: 'z', fingerprint: 'f', position: 0, events: 0 },
    ...ids
      .map((id, n) => ({ id, fingerprint: String(n), position: positionOf(n), events: n % 3 === 2 ? 0 : 2 }))
      .sort((one, other) => one.position - other.position || (one.id < other.id ? -1 : 1)),
  ];
  for (const [after, upTo] of [
    [-1, 1_000],
    [-1, 0],
    [0, 1_000],
    [0, 7],
    [4, 12],
    [12, 12],
    [40, 1_000],
  ] as const)
    assert.deepEqual(
      await readCommands(persistence, after, upTo),
      all.filter(({ position }) => position > after && position <= upTo),
      `behind ${after} up to ${upTo}`,
    );
}

async function tags({ archive, events }: Persistence): Promise<void> {
  assert.deepEqual(await archive.checkTags(), { checked: 0, faults: [] });
  await archive.restore({ events: foreignLog(6), commands: [] });
  // The same tag twice on one event is one.
  await events.append({ events: sampleEvents(3, { tags: ['x:1', 'y:1', 'x:1'] }) });
  assert.deepEqual(await archive.checkTags(), { checked: 12, faults: [] });
  const [last] = await readAll(events, everything, { after: 8 });
  assert.deepEqual(last?.tags, ['x:1', 'y:1']);
}
