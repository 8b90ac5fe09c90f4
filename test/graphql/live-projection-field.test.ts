import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Served, serve } from '../../src/main/serve.ts';
import { Purse, purses } from '../consumption/purses.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestFolder, type TestFolder } from '../support/test-folder.ts';
import { openEventStream } from './event-source.ts';
import { onlyError, post } from './requests.ts';

let created: TestDatabase;
let folder: TestFolder;
let served: Served;
let url: string;
beforeAll(async () => {
  created = await createTestDatabase();
  folder = await createTestFolder();
  served = await serve(purses, { databaseUrl: created.url, dataDirectory: folder.path, port: 0 });
  url = `${served.url}/graphql`;
});
afterAll(async () => {
  await served.stop();
  await folder[Symbol.asyncDispose]();
  await created.drop();
});

const give = async (to: string, coins: number): Promise<number> => {
  const input = { from: 'bank', to, coins, thanks: '' };
  return (await served.backend.execute(Purse.commands.give('bank', input))).position;
};

const readPurse = (id: string, moment: { readonly asOf?: number; readonly atLeast?: number } = {}) =>
  post(url, {
    query:
      'query ($id: ID!, $asOf: Position, $atLeast: Position) { purse(id: $id, asOf: $asOf, atLeast: $atLeast) { coins moves } }',
    variables: { id, asOf: text(moment.asOf), atLeast: text(moment.atLeast) },
  });

/** As positions are on the wire. */
const text = (position: number | undefined) => (position === undefined ? undefined : String(position));

test('a query reads a row as it is, or as it was', async () => {
  const first = await give('a', 2);
  const second = await give('a', 3);
  expect((await readPurse('a', { atLeast: second })).body.data).toEqual({ purse: { coins: 5, moves: 2 } });
  expect((await readPurse('a', { asOf: first })).body.data).toEqual({ purse: { coins: 2, moves: 1 } });
  expect((await readPurse('a', { asOf: first - 1 })).body.data).toEqual({ purse: null });
  expect((await readPurse('nobody')).body.data).toEqual({ purse: null });
});

test('a position beyond the head of the log is refused', async () => {
  for (const moment of [{ asOf: 1_000_000 }, { atLeast: 1_000_000 }])
    expect(onlyError(await readPurse('a', moment)).extensions.code).toBe('BAD_USER_INPUT');
  const stream = await openEventStream(url, watchPurse('a', 1_000_000));
  expect((await stream.next())?.data).toContain('BAD_USER_INPUT');
  stream.leave();
});

test('a subscription gives the row, then each change with its position, and goes on behind it', async () => {
  const before = await give('b', 1);
  const stream = await openEventStream(url, watchPurse('b'));
  expect(await frameOf(stream)).toMatchObject({ purse: { coins: 1 } });
  const next = stream.next();
  const changed = await give('b', 1);
  expect(await next).toMatchObject({ event: 'next', id: String(changed) });
  stream.leave();
  await give('elsewhere', 1);
  await give('b', 5);
  const missed = [{ coins: 2 }, { coins: 7 }].map((purse) => ({ purse }));

  const again = await openEventStream(url, watchPurse('b', before));
  expect([await frameOf(again), await frameOf(again)]).toEqual(missed);
  again.leave();
  // What the browser says of itself counts before what the request said at first.
  const headers = { 'last-event-id': String(changed) };
  const resumed = await openEventStream(url, watchPurse('b', before), headers);
  expect(await frameOf(resumed)).toEqual(missed[1]);
  resumed.leave();
});

function watchPurse(id: string, after?: number) {
  const query = 'subscription ($id: ID!, $after: Position) { purse(id: $id, after: $after) { coins } }';
  return { query, variables: { id, after: text(after) } };
}

async function frameOf({ next }: Awaited<ReturnType<typeof openEventStream>>): Promise<unknown> {
  return JSON.parse((await next())?.data ?? '{}').data;
}
