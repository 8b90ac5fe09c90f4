import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrateDatabase } from '../../../src/adapters/postgres/migrate.ts';
import { createPostgresPersistence } from '../../../src/adapters/postgres/postgres-persistence.ts';
import { readStream, sampleEvent } from '../../../src/consumption/contract/sample-events.ts';
import type { StoredEvent } from '../../../src/domain/event.ts';
import { createId } from '../../../src/kernel/ids.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened[Symbol.asyncDispose]());

const contents = {
  bytes: new Uint8Array(randomBytes(700)),
  'all bytes there are': Uint8Array.from({ length: 256 }, (_, n) => n),
  'no bytes': new Uint8Array(),
  'bytes within a larger buffer': new Uint8Array(randomBytes(64).buffer, 8, 16),
  null: null,
  text: '\\x00',
  object: { a: [1, 'ä'] },
};

test.each(Object.entries(contents))('data that is %s comes back as it was', async (_, data) => {
  const told: StoredEvent[] = [];
  const { events } = createPostgresPersistence({
    database: opened.database,
    onAppended: (some) => told.push(...some),
  });
  const stream = createId();
  await events.append({ events: [sampleEvent({ stream, data })] });
  await opened.persistence.transaction((transaction) =>
    opened.store.append({ events: [sampleEvent({ stream, data })] }, { transaction }),
  );
  const found = await readStream(opened.store, stream);
  for (const event of found) expect(event.data).toStrictEqual(data);
  expect(told).toStrictEqual(found.slice(0, 1));
});

test('bytes are stored as bytes and everything else as JSON that anyone can query', async () => {
  const stream = createId();
  const data = new Uint8Array([1, 2, 255]);
  await opened.store.append({
    events: [sampleEvent({ stream, data }), sampleEvent({ stream, data: { n: 7 } })],
  });
  const rows = await opened.database.session.execute(
    sql`select data ->> 'n' as n, data is null as is_sealed, encode(sealed, 'hex') as bytes from livefold.events where stream = ${stream} order by version`,
  );
  expect([...rows]).toEqual([
    { n: null, is_sealed: true, bytes: '0102ff' },
    { n: '7', is_sealed: false, bytes: null },
  ]);
});

test('an application with a schema of another name has everything there', async () => {
  const schema = 'sealed_elsewhere';
  await migrateDatabase({ url: opened.url, schema });
  const other = createPostgresPersistence({ database: opened.database, schema });
  const event = sampleEvent({ stream: 'Thing-1', data: new Uint8Array([9]), tags: ['a', 'b'] });
  const query = { items: [{ tags: ['a', 'b'] }] };
  await other.events.append({ events: [event], condition: { query, after: 0 }, forget: ['user:1'] });
  await other.snapshots.save({
    stream: 'Thing-1',
    version: 1,
    position: 1,
    schemaVersion: 1,
    state: { n: 1 },
    subjects: [],
  });
  await other.tracking.advance('one', 1);
  expect(await Array.fromAsync(other.events.read(query))).toHaveLength(1);
  expect(await other.snapshots.loadTails(['Thing-1'])).toMatchObject([{ snapshot: { state: { n: 1 } } }]);
  expect(await other.keys.findKeys({ subjects: ['user:1'] })).toMatchObject([{ wrapped: null }]);
  expect(await opened.persistence.keys.findKeys({ subjects: ['user:1'] })).toEqual([]);
  expect(await opened.persistence.tracking.positionOf('one')).toBe(null);
});
