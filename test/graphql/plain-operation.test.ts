import { buildSchema, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DocumentCache } from '../../src/graphql/document-cache.ts';
import type { Runtime } from '../../src/graphql/execute.ts';
import { LiveGroups } from '../../src/graphql/live-groups.ts';
import type { Operation } from '../../src/graphql/operation.ts';
import { answerPlainly } from '../../src/graphql/plain-operation.ts';
import { silentLogger } from '../../src/kernel/log.ts';
import { type CounterServer, startCounter } from './counter-server.ts';
import { postText } from './requests.ts';

let server: CounterServer;
beforeAll(async () => {
  server = await startCounter();
});
afterAll(() => server.stop());

const apollo = 'application/graphql-response+json,application/json;q=0.9';
const urql =
  'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed';

describe('a document that is known is answered as at the first time', () => {
  const query = 'query ($t: String!, $p: Price) { echo(text: $t, price: $p) }';
  const cases: readonly [string, object, Record<string, string>?][] = [
    ['a result', { query, variables: { t: 'ä€😀' } }],
    ['a result for Apollo', { query, variables: { t: 'a' }, extensions: { a: 1 } }, { accept: apollo }],
    ['a result for urql', { query, variables: { t: 'a' } }, { accept: urql }],
    ['any JSON', { query, variables: { t: 'a' } }, { accept: 'application/*' }],
    [
      'JSON in another charset',
      { query, variables: { t: 'a' } },
      { accept: 'application/json;charset=latin1' },
    ],
    ['nothing that there is', { query, variables: { t: 'a' } }, { accept: 'image/png' }],
    [
      'what comes first of several',
      { query, variables: { t: 'a' } },
      { accept: 'text/html, application/json' },
    ],
    ['a variable that is missing', { query, variables: {} }],
    ['a variable that is missing, for Apollo', { query }, { accept: apollo }],
    ['a variable that is wrong', { query, variables: { t: 'a', p: 'x' } }],
    ['variables that are none', { query, variables: [] }],
    ['a parameter too many', { query, variables: { t: 'a' }, more: 1 }],
    ['a resolver that throws', { query: '{ throws }' }],
    [
      'a resolver that throws, for Apollo',
      { query: '{ throws(code: "COMMAND_REJECTED") }' },
      { accept: apollo },
    ],
    ['a null where none may be', { query: '{ strict(number: null) }' }],
    ['a result that has no data', { query: '{ ok: count total(lines: [{ sku: "a", quantity: 1.5 }]) }' }],
    [
      'an operation by its name',
      { query: 'query A { count } query B { echo(text: "b") }', operationName: 'B' },
    ],
    ['an operation that is not there', { query: 'query A { count }', operationName: 'C' }],
    ['a name that is none', { query: 'query A { count }', operationName: 3 }],
    ['no name where there are two', { query: 'query A { count } query B { count }' }],
    ['a caller who is not believed', { query: '{ caller }' }, { authorization: 'nobody' }],
    ['a subscription', { query: 'subscription { silent }' }, { accept: 'application/json' }],
  ];

  test.each(cases)('%s', async (name, asked, headers = {}) => {
    // A text of its own, which nobody has asked for before.
    const body = JSON.stringify(asked).replace('"query":"', `"query":"# ${name}\\n`);
    const ask = async () => {
      const reply = await postText(server.graphql, body, { 'content-type': 'application/json', ...headers });
      const said = JSON.stringify(reply.body).replaceAll(/"correlationId":"[^"]+"/g, '');
      const told = [...reply.headers].filter(([key]) => !['date', 'x-correlation-id'].includes(key));
      return { status: reply.status, said, told };
    };
    const first = await ask();
    expect(await ask()).toEqual(first);
    expect(await ask()).toEqual(first);
  });

  test('with a mutation done once for each time it is asked for', async () => {
    const body = JSON.stringify({ query: 'mutation Plain { add(amount: 1) }' });
    const ask = () => postText(server.graphql, body, { 'content-type': 'application/json' });
    const before = server.state.count;
    for (let times = 1; times <= 3; times += 1)
      expect((await ask()).body.data).toEqual({ add: before + times });
    expect(server.state.count).toBe(before + 3);
  });
});

describe('plain is', () => {
  const schema = buildSchema('type Query { a: Int } type Subscription { a: Int }');
  const runtime: Runtime = {
    createContext: () => ({}),
    sessions: undefined,
    operationTime: 1_000,
    suggests: true,
    logger: silentLogger,
    groups: new LiveGroups({ createContext: () => ({}), logger: silentLogger }),
  };
  const operation: Operation = {
    correlationId: 'c',
    authorization: null,
    session: null,
    admit: () => {},
    lastEventId: null,
    signal: new AbortController().signal,
  };

  function answer(params: unknown, { accept, isValid = true }: { accept?: string; isValid?: boolean } = {}) {
    const cache = new DocumentCache({ most: 10, longest: 1_000 });
    for (const text of ['{ a }', 'subscription { a }']) {
      const document = parse(text);
      cache.set(text, document);
      if (isValid) cache.setValid(document);
    }
    const body = typeof params === 'string' ? params : JSON.stringify(params);
    return answerPlainly({ body, accept }, operation, { schema, runtime, cache, documents: undefined });
  }

  test('a query that was validated before', async () => {
    expect(await answer({ query: '{ a }' })).toEqual({
      status: 200,
      headers: { 'Content-Type': 'application/json; charset=utf-8' },
      body: '{"data":{"a":null}}',
    });
  });

  const others: readonly [string, unknown, { accept?: string; isValid?: boolean }?][] = [
    ['one that was only parsed', { query: '{ a }' }, { isValid: false }],
    ['one that nobody knows', { query: '{ a a }' }],
    ['a subscription', { query: 'subscription { a }' }],
    ['one of a document that is not to be sent by its id', { query: '{ a }', documentId: 'x' }],
    ['a list', [{ query: '{ a }' }]],
    ['no JSON', '{"query":"{ a }"'],
    ['a type that it cannot have', { query: '{ a }' }, { accept: 'text/event-stream' }],
  ];

  test.each(others)('not %s', async (_, params, options) => {
    expect(await answer(params, options)).toBeUndefined();
  });
});
