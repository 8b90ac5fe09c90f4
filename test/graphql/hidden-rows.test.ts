import { type Client, createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { liveProjection } from '../../src/consumption/live-projection.ts';
import { event, type NewEvent } from '../../src/domain/event.ts';
import type { BackendDefinition } from '../../src/graphql/backend-definition.ts';
import { liveProjectionField } from '../../src/graphql/live-projection-field.ts';
import { createId } from '../../src/kernel/ids.ts';
import { type Served, serve } from '../../src/main/serve.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const Written = event('Written', z.object({ diary: z.string(), owner: z.string(), text: z.string() }), {
  tags: ({ diary }) => [`diary:${diary}`],
});
const Burnt = event('Burnt', z.object({ diary: z.string() }), { tags: ({ diary }) => [`diary:${diary}`] });

type Diary = { readonly owner: string; readonly text: string };
const ofDiary = (diary: string) => ({ items: [{ tags: [`diary:${diary}`] }] });

/** The last entry of a diary, and whose it is. */
const Diaries = liveProjection<Diary>('diaries', ofDiary)
  .on(Written, (_, { data: { owner, text } }) => ({ owner, text }))
  .on(Burnt, () => null);
const DiaryPages = liveProjection<readonly Diary[]>('pages', ofDiary)
  .on(Written, (pages = [], { data: { owner, text } }) => [...pages, { owner, text }])
  .on(Burnt, () => []);

type Asked = { readonly id: string };

/** Whose diary it is may read it; anybody may try. */
const diaries: BackendDefinition = {
  name: 'diaries',
  typeDefs: /* GraphQL */ `
    type Diary @allow(own: "owner") { owner: String!, text: String! }
    extend type Query { diary: Diary }
    extend type Subscription {
      diary(id: ID!, after: Position): Diary
      pages(id: ID!, after: Position): [Diary!]
    }
  `,
  resolvers: {
    Query: { diary: () => null },
    Subscription: {
      diary: liveProjectionField('diary', Diaries, ({ id }: Asked) => id),
      pages: liveProjectionField('pages', DiaryPages, ({ id }: Asked) => id),
    },
  },
  events: [Written, Burnt],
  projections: [],
  authenticate: async (authorization) => ({ subject: authorization, roles: [] }),
};

let created: TestDatabase;
let served: Served;
const clients: Client[] = [];
beforeAll(async () => {
  created = await createTestDatabase();
  served = await serve(diaries, { databaseUrl: created.url, port: 0 });
});
afterAll(async () => {
  for (const client of clients) await client.dispose();
  await served.stop();
  await created.drop();
});

async function append(made: NewEvent): Promise<number> {
  const nobody = { correlationId: null, causationId: null, actor: null, tenant: null, metadata: null };
  const one = { ...made, ...nobody, id: createId(), stream: 'Diaries', occurredAt: new Date() };
  return (await served.backend.store.append({ events: [one] })).position;
}
const write = (diary: string, owner: string, text: string) => append(Written({ diary, owner, text }));

/** What a caller is told, frame by frame. */
function watch(caller: string, field: 'diary' | 'pages', id: string, after?: number) {
  const client = createClient({
    url: `${served.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: caller },
  });
  clients.push(client);
  const frames = client.iterate<Record<string, unknown>>({
    query: `subscription ($id: ID!, $after: Position) { ${field}(id: $id, after: $after) { text } }`,
    variables: { id, ...(after !== undefined && { after: String(after) }) },
  });
  return async () => {
    const { value } = await frames.next();
    if (value?.errors !== undefined) throw new Error(JSON.stringify(value.errors));
    return value?.data?.[field];
  };
}

test('who may not see a row hears nothing of its changes, until it may, and that it is gone when it may no longer', async () => {
  await write('d', 'ada', 'one');
  const [ada, bob] = [watch('ada', 'diary', 'd'), watch('bob', 'diary', 'd')];
  expect([await ada(), await bob()]).toEqual([{ text: 'one' }, null]);
  for (const text of ['two', 'three']) await write('d', 'ada', text);
  await write('d', 'bob', 'four');
  await write('d', 'ada', 'five');
  await write('d', 'ada', 'six');
  await write('d', 'bob', 'seven');
  expect([await bob(), await bob(), await bob()]).toEqual([{ text: 'four' }, null, { text: 'seven' }]);
  const all = [await ada(), await ada(), await ada(), await ada(), await ada(), await ada()];
  const mine = ['two', 'three', null, 'five', 'six', null];
  expect(all).toEqual(mine.map((text) => (text === null ? null : { text })));
});

test('who resumes behind a change that it could not see hears of no other that it cannot see', async () => {
  const first = await write('e', 'ada', 'one');
  for (const text of ['two', 'three']) await write('e', 'ada', text);
  await append(Burnt({ diary: 'e' }));
  await write('e', 'bob', 'four');
  expect(await watch('bob', 'diary', 'e', first)()).toEqual({ text: 'four' });
});

test('a row that is not there is as one that may not be seen', async () => {
  const next = watch('ada', 'diary', 'f');
  expect(await next()).toBeNull();
  await append(Burnt({ diary: 'f' }));
  await append(Burnt({ diary: 'f' }));
  await write('f', 'ada', 'one');
  expect(await next()).toEqual({ text: 'one' });
});

test('of a list who watches hears where something in it is to be seen', async () => {
  await write('g', 'ada', 'one');
  const next = watch('bob', 'pages', 'g');
  expect(await next()).toEqual([]);
  await write('g', 'ada', 'two');
  await write('g', 'bob', 'three');
  expect(await next()).toEqual([{ text: 'three' }]);
});
