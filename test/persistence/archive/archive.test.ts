import { expect, test } from 'vitest';
import { createMemoryPersistence } from '../../../src/adapters/memory/memory-persistence.ts';
import { sampleEvent, sampleEvents } from '../../../src/consumption/contract/sample-events.ts';
import { everything } from '../../../src/domain/query.ts';
import { createId } from '../../../src/kernel/ids.ts';
import { exportLog } from '../../../src/persistence/archive/export-log.ts';
import { importLog } from '../../../src/persistence/archive/import-log.ts';
import type { Persistence } from '../../../src/persistence/persistence.ts';

const exported = (source: Persistence, withKeys = false) => Array.fromAsync(exportLog(source, { withKeys }));

const from = (lines: readonly string[]) =>
  async function* () {
    yield* lines;
  };

/** A log with all that an archive has to carry: bytes, tags, commands with and without events, any script. */
async function filled(): Promise<Persistence> {
  const source = createMemoryPersistence();
  const command = (id: string) => ({ id, fingerprint: `f-${id}` });
  await source.events.append({ events: [], command: command('before all') });
  await source.events.append({
    events: sampleEvents(3, { tags: ['a:1', 'b:2'] }),
    command: command('three'),
  });
  await source.events.append({
    events: [sampleEvent({ stream: 'Ünïcødé-🍵', data: new Uint8Array([0, 255, 10]), actor: 'me' })],
  });
  await source.events.append({ events: [], command: command('nothing') });
  await source.events.append({
    events: [sampleEvent({ data: { z: 1, a: [1.5, null, 'x\ny'] }, metadata: { b: 2, a: 1 } })],
    command: command('last'),
  });
  await source.keys.addKeys([
    { id: createId(), subject: 'user:1', masterId: 'm', wrapped: new Uint8Array([1, 2]) },
    { id: createId(), subject: null, masterId: 'm', wrapped: null },
  ]);
  return source;
}

test('an archive brought into an empty store gives the same log, commands, keys and bytes', async () => {
  const source = await filled();
  const target = createMemoryPersistence();
  const lines = await exported(source, true);
  expect(await importLog(target, from(lines))).toEqual({ events: 5, commands: 4, keys: 2, known: 0 });
  expect(await Array.fromAsync(target.events.read(everything))).toEqual(
    await Array.fromAsync(source.events.read(everything)),
  );
  const command = { id: 'three', fingerprint: 'f-three' };
  expect(await target.events.receiptOf(command)).toEqual(await source.events.receiptOf(command));
  expect(await target.keys.listKeys({ limit: 9 })).toEqual(await source.keys.listKeys({ limit: 9 }));
  expect(await exported(target, true)).toEqual(lines);
  // The log goes on behind it.
  expect((await target.events.append({ events: sampleEvents(1) })).position).toBe(6);
});

test('an import that was killed is done again to its end, at whatever event it ended', async () => {
  const source = await filled();
  const lines = await exported(source);
  const stored = await Array.fromAsync(source.events.read(everything));
  const commands = await Array.fromAsync(source.archive.readCommands({ after: -1, upTo: 5 }));
  for (let head = 0; head <= 5; head += 1) {
    const target = createMemoryPersistence();
    await target.archive.restore({
      events: stored.slice(0, head),
      commands: commands.filter(({ position }) => position <= head),
    });
    expect(await importLog(target, from(lines))).toMatchObject({ events: 5 - head, known: head });
    expect(await exported(target)).toEqual(lines);
  }
});

test('a log that went another way is left as it is', async () => {
  const lines = await exported(await filled());
  for (const count of [2, 7]) {
    const target = createMemoryPersistence();
    await target.events.append({ events: sampleEvents(count) });
    await expect(importLog(target, from(lines))).rejects.toMatchObject({
      code: 'ARCHIVE_CONFLICT',
      fields: { position: count === 2 ? 1 : 6 },
    });
    expect(await target.events.head()).toBe(count);
  }
});

test('of an archive that was cut, changed, reordered or is none, nothing is stored', async () => {
  const lines = await exported(await filled(), true);
  const damages: readonly (readonly string[])[] = [
    [],
    ['hello'],
    lines.slice(1),
    ...lines.map((_, index) => lines.slice(0, index)),
    ...lines.map((_, index) => lines.toSpliced(index, 1)),
    ...lines.map((line, index) => lines.toSpliced(index, 1, line.slice(0, -1))),
    [...lines, lines[1] ?? ''],
    lines.map((line) => line.replace('"n":1', '"n":2')),
    lines.map((line) => line.replace('"version":2}', '"version":3}')),
    lines.toSpliced(3, 2, lines[4] ?? '', lines[3] ?? ''),
  ];
  for (const damaged of damages) {
    const target = createMemoryPersistence();
    await expect(importLog(target, from(damaged)), damaged.join('\n')).rejects.toMatchObject({
      code: 'ARCHIVE_DAMAGED',
    });
    expect(await target.events.head()).toBe(0);
    expect(await Array.fromAsync(target.archive.readCommands({ after: -1, upTo: 9 }))).toEqual([]);
  }
});

test('progress counts up to the end, first while checking and then while importing', async () => {
  const lines = await exported(await filled());
  const told: string[] = [];
  await importLog(createMemoryPersistence(), from(lines), {
    onProgress: ({ phase, position, size }) => told.push(`${phase} ${position} of ${size}`),
  });
  expect([told[0], told.at(-1)]).toEqual(['checking 1 of 0', 'importing 5 of 5']);
});
