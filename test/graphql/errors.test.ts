import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CounterServer, startCounter } from './counter-server.ts';
import { type GraphQLReply, onlyError, post } from './requests.ts';

let server: CounterServer;
beforeAll(async () => {
  server = await startCounter();
});
afterAll(() => server.stop());

const run = (query: string, variables?: object): Promise<GraphQLReply> =>
  post(server.graphql, { query, variables });

test.each([
  ['BAD_USER_INPUT', 'BAD_USER_INPUT', { issues: [{ path: ['a'] }] }],
  ['INVALID_APPEND', 'BAD_USER_INPUT', { issues: [{ path: ['a'] }] }],
  ['INVALID_EVENT', 'BAD_USER_INPUT', { issues: [{ path: ['a'] }] }],
  ['INVALID_DECIMAL', 'BAD_USER_INPUT', { issues: [{ path: ['a'] }] }],
  ['COMMAND_REJECTED', 'COMMAND_REJECTED', { reason: 'SOLD_OUT' }],
  ['CONCURRENCY_CONFLICT', 'CONCURRENCY_CONFLICT', {}],
  ['COMMAND_ID_REUSED', 'COMMAND_ID_REUSED', {}],
  ['PROJECTION_LAGGING', 'PROJECTION_LAGGING', { projection: 'orders' }],
  ['NOT_FOUND', 'NOT_FOUND', {}],
  ['UNAUTHENTICATED', 'UNAUTHENTICATED', {}],
  ['FORBIDDEN', 'FORBIDDEN', {}],
  ['DATABASE_UNAVAILABLE', 'UNAVAILABLE', {}],
  ['ABORTED', 'UNAVAILABLE', {}],
])('our %s reaches the client as %s, with its public facts only', async (code, shown, facts) => {
  const error = onlyError(await run('query ($code: String) { throws(code: $code) }', { code }));
  const { correlationId, ...extensions } = error.extensions;
  expect(extensions).toEqual({ code: shown, ...facts });
  expect(error.path).toEqual(['throws']);
  expect(server.log.find(({ facts }) => facts.correlationId === correlationId)?.facts.code).toBe(shown);
});

test.each(['SOME_INNER_CODE', undefined])(
  'the error %s stays inside, its log line has the whole',
  async (code) => {
    const error = onlyError(await run('query ($code: String) { throws(code: $code) }', { code }));
    expect(error.message).toBe('Something went wrong; quote the correlation id.');
    expect(error.extensions.code).toBe('INTERNAL');
    const line = server.log.find(({ facts }) => facts.correlationId === error.extensions.correlationId);
    expect(line?.level).toBe('error');
    expect(line?.facts.err).toBeInstanceOf(Error);
  },
);

test('a value that does not fit its type is our fault', async () => {
  expect(onlyError(await run('{ notAnInt }')).extensions.code).toBe('INTERNAL');
});

test('a resolver may raise a GraphQL error with a code of its own', async () => {
  const error = onlyError(await run('{ coded }'));
  expect(error.message).toBe('Mind the gap.');
  expect(error.extensions).toMatchObject({ code: 'GAP', width: 3 });
});

test.each([
  ['a syntax error', '{ count', 'GRAPHQL_PARSE_FAILED', /Expected Name/],
  ['an unknown field', '{ coutn }', 'GRAPHQL_VALIDATION_FAILED', /Did you mean "count"/],
  [
    'a literal of the wrong type',
    '{ echo(text: 1) }',
    'GRAPHQL_VALIDATION_FAILED',
    /String cannot represent/,
  ],
  [
    'a literal that a scalar refuses',
    '{ echo(text: "", price: "1.5") }',
    'GRAPHQL_VALIDATION_FAILED',
    /two decimals/,
  ],
  ['a missing argument', '{ echo }', 'GRAPHQL_VALIDATION_FAILED', /required/],
  [
    'two operations and no name',
    'query A { count } query B { count }',
    'OPERATION_RESOLUTION_FAILURE',
    /operation/,
  ],
])("%s is said in the client's words", async (_, query, code, message) => {
  const error = onlyError(await run(query));
  expect(error.extensions.code).toBe(code);
  expect(error.message).toMatch(message);
});

test('a wrong variable is named with the path to each wrong value', async () => {
  const lines = [
    { sku: 'a', quantity: 1 },
    { sku: 'b', quantity: 'many' },
    { sku: 'c', quantity: 1, colour: 'red' },
  ];
  const query = 'query ($lines: [Line!]!) { total(lines: $lines) }';
  const { body } = await run(query, { lines });
  expect(body.errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT', 'BAD_USER_INPUT']);
  expect(body.errors?.[0]?.extensions.issues).toMatchObject([
    { path: ['lines', 1, 'quantity'] },
    { path: ['lines', 2] },
  ]);
});

test('a missing variable and one that a scalar refuses have paths too', async () => {
  const query = 'query ($text: String!, $price: Price) { echo(text: $text, price: $price) }';
  const missing = onlyError(await run(query));
  expect(missing.extensions).toMatchObject({ code: 'BAD_USER_INPUT', issues: [{ path: ['text'] }] });
  const refused = onlyError(await run(query, { text: '', price: '1.5' }));
  expect(refused.extensions).toMatchObject({ code: 'BAD_USER_INPUT', issues: [{ path: ['price'] }] });
  expect(refused.message).toMatch('two decimals');
});

test("a null where the schema wants none is the client's fault", async () => {
  const error = onlyError(await run('query ($n: Int = 1) { strict(number: $n) }', { n: null }));
  expect(error.extensions.code).toBe('BAD_USER_INPUT');
});

test('a context that cannot be made is a failed request', async () => {
  const headers = { authorization: 'nobody', accept: 'application/graphql-response+json' };
  const reply = await post(server.graphql, { query: '{ count }' }, headers);
  expect(reply.status).toBe(401);
  expect(onlyError(reply).extensions.code).toBe('UNAUTHENTICATED');
});
