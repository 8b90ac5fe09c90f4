import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as apollo from '@apollo/client';
import * as urql from '@urql/core';
import { parse } from 'graphql';
import * as graphqlWs from 'graphql-ws';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import * as livefoldApollo from '../../src/apollo.ts';
import { shop } from '../../src/app/shop.ts';
import * as livefoldClient from '../../src/client.ts';
import { type Served, serve } from '../../src/main/serve.ts';
import * as livefoldUrql from '../../src/urql.ts';
import { addProduct, placeOrder } from '../app/operations.ts';
import { masterKeys } from '../cli/run-livefold.ts';
import { post } from '../graphql/requests.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const modules: Readonly<Record<string, object>> = {
  '@apollo/client': apollo,
  '@urql/core': urql,
  'graphql-ws': graphqlWs,
  'livefold/apollo': livefoldApollo,
  'livefold/client': livefoldClient,
  'livefold/urql': livefoldUrql,
};

let guide: string;
let database: TestDatabase;
let served: Served;
let graphql: string;
beforeAll(async () => {
  guide = await readFile(join(import.meta.dirname, '../../docs/guides/clients.md'), 'utf8');
  database = await createTestDatabase(shop.migrations);
  served = await serve(shop, { databaseUrl: database.url, masterKeys, port: 0 });
  graphql = `${served.url}/graphql`;
  const input = { sku: 'TEA', name: 'Tea', price: '4.5' };
  await post(graphql, { query: addProduct, variables: { input } });
});
afterAll(async () => {
  await served.stop();
  await database.drop();
});

/** The code of the guide below a heading. */
function shown(heading: string, language: 'ts' | 'graphql'): string {
  const section = guide.slice(guide.indexOf(`\n## ${heading}\n`));
  const [, code] = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(section) ?? [];
  if (code === undefined) throw new Error(`The guide shows no ${language} below "${heading}".`);
  return code;
}

/** Runs the guide's own code against the shop, with what it takes as given, and gives what it names. */
async function run(heading: string, given: object, ...names: string[]) {
  const code = shown(heading, 'ts')
    .replaceAll(
      /^import (\{.*?\}) from '(.*?)';$/gm,
      (_, found, module) => `const ${found} = modules['${module}'];`,
    )
    .replaceAll(/^export /gm, '')
    .replaceAll('wss://shop.example/graphql', graphql.replace('http', 'ws'))
    .replaceAll('https://shop.example/graphql', graphql);
  const scope = { modules, freshToken: async () => 'fresh', ...given };
  const body = `return (async () => { ${code}; return { ${names.join(', ')} }; })();`;
  // What the test is about is text.
  const made = new Function(...Object.keys(scope), body);
  return made(...Object.values(scope));
}

const live = 'subscription { orders { live upserted { id status } } }';
const sales = () => shown("Reading one's own writes", 'graphql');

async function place(orderId: string): Promise<void> {
  const input = { orderId, lines: [{ sku: 'TEA', quantity: 1 }] };
  await post(graphql, { query: placeOrder, variables: { input } });
}

/** Waits until the last list that was told has these orders. */
function tells(lists: readonly (readonly { readonly id: string }[])[], ...ids: string[]): Promise<void> {
  return vi.waitFor(() => expect(lists.at(-1)?.map(({ id }) => id)).toEqual(expect.arrayContaining(ids)), {
    timeout: 10_000,
  });
}

test('the client for urql has whole lists, and reads what it wrote', async () => {
  const { client, socket } = await run('urql', {}, 'client', 'socket');
  const lists: { id: string }[][] = [];
  const { unsubscribe } = client
    .subscription(live, {})
    .subscribe(({ data }: { data: { orders: { upserted: { id: string }[] } } }) =>
      lists.push(data.orders.upserted),
    );
  await place('urql-1');
  await tells(lists, 'urql-1');
  await place('urql-2');
  await tells(lists, 'urql-1', 'urql-2');
  const restock = 'mutation { restock(input: { sku: "TEA", quantity: 1 }) { receipt { position } } }';
  expect((await client.mutation(restock, {})).error).toBeUndefined();
  const { data, error } = await client.query(sales(), {});
  expect([error, data.dailySales]).toEqual([undefined, expect.any(Array)]);
  unsubscribe();
  await socket.dispose();
});

test('the client for Apollo has whole lists, and reads what it wrote', async () => {
  const { socket } = await run('urql', {}, 'socket');
  const { client } = await run('Apollo Client', { socket }, 'client');
  const lists: { id: string }[][] = [];
  const subscription = client
    .subscribe({ query: parse(live) })
    .subscribe(({ data }: { data: { orders: { upserted: { id: string }[] } } }) =>
      lists.push(data.orders.upserted),
    );
  await place('apollo-1');
  await place('apollo-2');
  await tells(lists, 'apollo-1', 'apollo-2');
  const { data } = await client.query({ query: parse(sales()) });
  expect(data.dailySales).toEqual(expect.any(Array));
  subscription.unsubscribe();
  client.stop();
  await socket.dispose();
});

test.each([
  ['a WebSocket', async () => (await run('urql', {}, 'socket')).socket],
  ['server-sent events', async () => (await run('Server-sent events', {}, 'transport')).transport],
])('without a library there are whole lists over %s', async (_, open) => {
  const socket = await open();
  const lists: { id: string }[][] = [];
  const show = (orders: { upserted: { id: string }[] }) => void lists.push(orders.upserted);
  const faults: unknown[] = [];
  const { stop } = await run(
    'Without a library',
    { socket, show, report: (fault: unknown) => faults.push(fault) },
    'stop',
  );
  await place('plain-1');
  await tells(lists, 'plain-1');
  stop();
  expect(faults).toEqual([]);
  await socket.dispose?.();
});

test('the documents of the guide fit the shop', async () => {
  for (const query of [shown('A live field is a list', 'graphql'), sales()]) {
    const response = await fetch(`${graphql}?${new URLSearchParams({ query })}`, {
      headers: { accept: 'text/event-stream, application/json' },
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!/"data"|"errors"/.test(text)) text += (await reader?.read())?.value ?? '';
    expect(text).not.toContain('"errors"');
    await reader?.cancel();
  }
});
