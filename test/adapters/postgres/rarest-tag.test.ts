import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { createPostgresEventStore } from '../../../src/adapters/postgres/postgres-event-store.ts';
import { outcomeOf, readAll, sampleEvents } from '../../../src/consumption/contract/sample-events.ts';
import type { Query } from '../../../src/domain/query.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';

/** Every event has the first tag, every second the second, one in a thousand the third, five in all the fourth. */
const events = 20_000;

let opened: TestStore;
let sql: postgres.Sql;
beforeAll(async () => {
  opened = await openTestStore();
  sql = postgres(opened.url, { max: 1, onnotice: () => {} });
  await sql`insert into livefold.events (position, id, occurred_at, recorded_at, version, schema_version, stream, type, tags, data)
    select n, gen_random_uuid(), now(), now(), n, 1, 'Sample-1', 'Sampled', array['all', 'half:' || n % 2, 'rare:' || n % 1000] || case when n <= 5 then array['few'] else '{}' end, '{}'
    from generate_series(1, ${events}::integer) n`;
  await sql`insert into livefold.tags select tag, position from livefold.events, unnest(tags) as tag`;
  await sql`vacuum analyze livefold.tags, livefold.events`;
});
afterAll(async () => {
  await sql.end();
  await opened[Symbol.asyncDispose]();
});

/** How many entries of the tag index, and how many events, are looked at by what a store does on a connection of its own. */
async function lookedAt(work: (store: TestStore['store']) => Promise<unknown>): Promise<number> {
  const before = await countLooks();
  const database = openDatabase(opened.url, { connections: 1 });
  await work(createPostgresEventStore({ database }));
  // What a connection counted is told at the latest when it ends.
  await database.close();
  return (await countLooks()) - before;
}

async function countLooks(): Promise<number> {
  const [row] = await sql<{ looks: number }[]>`
    select sum(idx_tup_read)::integer as looks from pg_stat_user_indexes where schemaname = 'livefold' and relname in ('tags', 'events')`;
  return row?.looks ?? 0;
}

const tags = ['all', 'half:1', 'rare:7'];

test.each([
  ['first', tags.toReversed()],
  ['last', tags],
])('a condition on several tags looks at what the rarest asks for, which comes %s', async (_, asked) => {
  const query = { items: [{ tags: [...asked, 'none'] }] };
  const looks = await lookedAt(async (store) => {
    await store.append({ events: sampleEvents(1), condition: { query, after: 0 } });
  });
  expect(looks).toBeLessThan(1_000);
  const found = { items: [{ tags: asked }] };
  expect(
    await outcomeOf(opened.store.append({ events: sampleEvents(1), condition: { query: found, after: 0 } })),
  ).toBe('conflict');
});

test('a condition looks at nothing before its position', async () => {
  const query: Query = {
    items: [
      { types: ['Unknown'] },
      { tags: ['all', 'half:0', 'few'] },
      { stream: 'Sample-1', types: ['Unknown'] },
    ],
  };
  const after = await opened.store.head();
  const looks = await lookedAt((store) =>
    store.append({ events: sampleEvents(1), condition: { query, after } }),
  );
  expect(looks).toBeLessThan(100);
});

test('a read of several tags looks at what the rarest asks for, and finds all', async () => {
  for (const asked of [tags, tags.toReversed()]) {
    const looks = await lookedAt((store) => readAll(store, { items: [{ tags: asked }] }));
    expect(looks).toBeLessThan(1_000);
  }
  expect(await readAll(opened.store, { items: [{ tags }] })).toHaveLength(events / 1_000);
  expect(
    await readAll(opened.store, { items: [{ tags: ['all', 'few'] }, { tags: ['half:1', 'few'] }] }),
  ).toHaveLength(5);
  expect(await readAll(opened.store, { items: [{ tags: ['all', 'all'] }] })).toHaveLength(events);
});

test('the newest event of a frequent tag is found without walking the others', async () => {
  const looks = await lookedAt((store) =>
    readAll(store, { items: [{ tags: ['all'] }] }, { backwards: true, limit: 1 }),
  );
  expect(looks).toBeLessThan(100);
});
