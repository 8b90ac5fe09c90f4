import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { LivefoldError } from '../../../src/kernel/errors.ts';
import { type Served, serve } from '../../../src/main/serve.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { onlyError, post } from '../requests.ts';

const typeDefs = /* GraphQL */ `
  type Letter @allow(roles: ["clerk"]) @allow(own: "to") {
    to: ID!
    text: String! @allow(own: "to")
    stamp: String @allow(roles: [])
    answer: Letter
    answers: [Letter!]!
  }
  input Search { to: ID, secret: String @allow(roles: ["clerk"]) }
  type Payload { letter: Letter! }
  extend type Query {
    letter(to: ID!): Letter
    firm(to: ID!): Letter!
    letters: [Letter!]!
    mine(to: ID!): String @allow(roles: ["clerk"]) @allow(own: "to")
    search(any: [Search!]): String @allow
    broken: String @allow
    ledger(firm: ID!): String @allow(own: "firm", claim: "firm")
  }
  extend type Mutation { send(to: ID!): Payload! @allow }
  extend type Subscription { letters: Letter! }
`;

const letter = (to: string): object => ({
  ...{ to, text: `for ${to}`, stamp: 'red' },
  answer: () => Promise.resolve(letter('bob')),
  answers: () => [letter('ann'), letter('bob')],
});

let database: TestDatabase;
let served: Served;
beforeAll(async () => {
  database = await createTestDatabase();
  served = await serve(
    {
      ...{ name: 'letters', typeDefs, events: [], projections: [] },
      resolvers: {
        Query: {
          letter: (_: unknown, { to }: { to: string }) => letter(to),
          firm: (_: unknown, { to }: { to: string }) => letter(to),
          letters: () => ['ann', 'bob', 'ann'].map(letter),
          mine: (_: unknown, { to }: { to: string }) => `for ${to}`,
          search: () => 'found',
          ledger: (_: unknown, { firm }: { firm: string }) => `of ${firm}`,
        },
        Mutation: { send: (_: unknown, { to }: { to: string }) => ({ letter: letter(to) }) },
        Subscription: {
          letters: {
            async *subscribe() {
              for (const to of ['bob', 'ann']) yield { letters: letter(to) };
            },
          },
        },
      },
      // Opaque tokens: `ann:clerk` is Ann, a clerk.
      authenticate: async (authorization) => {
        const [subject = '', ...roles] = authorization.split(':');
        if (subject === '') throw new LivefoldError('UNAUTHENTICATED', 'This is no token.');
        if (subject === 'crash') throw new Error('password=hunter2');
        return { subject, roles, ...(subject === 'cleo' && { claims: { firm: 'acme' } }) };
      },
    },
    { databaseUrl: database.url, port: 0 },
  );
});
afterAll(async () => {
  await served.stop();
  await database.drop();
});

const ask = (authorization: string, query: string) =>
  post(`${served.url}/graphql`, { query }, { authorization });
const data = async (authorization: string, query: string) => (await ask(authorization, query)).body.data;
const code = async (authorization: string, query: string) =>
  onlyError(await ask(authorization, query)).extensions.code;

describe('objects that come from anywhere', () => {
  test('are shown to whom they belong, and else are not there', async () => {
    const both = '{ mine: letter(to: "ann") { to } other: letter(to: "bob") { to } }';
    expect(await data('ann', both)).toEqual({ mine: { to: 'ann' }, other: null });
    expect(await data('ann:clerk', both)).toEqual({ mine: { to: 'ann' }, other: { to: 'bob' } });
    expect(await data('ann', '{ letters { to } }')).toEqual({ letters: [{ to: 'ann' }, { to: 'ann' }] });
    expect(await data('ann', '{ letter(to: "ann") { answer { to } answers { to } } }')).toEqual({
      letter: { answer: null, answers: [{ to: 'ann' }] },
    });
  });

  test('that must be there are NOT_FOUND, in a payload too', async () => {
    expect(await code('ann', '{ firm(to: "bob") { to } }')).toBe('NOT_FOUND');
    expect(await code('ann', 'mutation { send(to: "bob") { letter { to } } }')).toBe('NOT_FOUND');
    expect(await data('ann', 'mutation { send(to: "ann") { letter { to } } }')).toEqual({
      send: { letter: { to: 'ann' } },
    });
  });

  test('are in no frame of a subscription that is not theirs', async () => {
    const url = `${served.url.replace('http', 'ws')}/graphql`;
    const client = createClient({
      url,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: 'ann' },
    });
    const frames = client.iterate({ query: 'subscription { letters { to text } }' });
    expect((await frames.next()).value).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'NOT_FOUND' } }],
    });
    expect((await frames.next()).value?.data).toEqual({ letters: { to: 'ann', text: 'for ann' } });
    await client.dispose();
  });
});

describe('a field', () => {
  test('can be for the owner of its object alone, and for nobody', async () => {
    expect(await code('ann:clerk', '{ letter(to: "bob") { text } }')).toBe('FORBIDDEN');
    expect(await data('bob', '{ letter(to: "bob") { text } }')).toEqual({ letter: { text: 'for bob' } });
    expect(await code('ann:clerk', '{ letter(to: "bob") { stamp } }')).toBe('FORBIDDEN');
  });

  test('that is asked for under another name, or in a fragment, is the same field', async () => {
    expect(await code('ann:clerk', '{ letter(to: "bob") { a: stamp } }')).toBe('FORBIDDEN');
    expect(
      await code(
        'ann:clerk',
        'query { letter(to: "bob") { ...on Letter { ...S } } } fragment S on Letter { stamp }',
      ),
    ).toBe('FORBIDDEN');
  });

  test('can be used with an argument that is the caller', async () => {
    expect(await data('ann', '{ mine(to: "ann") }')).toEqual({ mine: 'for ann' });
    expect(await code('ann', '{ mine(to: "bob") }')).toBe('FORBIDDEN');
    expect(await data('ann:clerk', '{ mine(to: "bob") }')).toEqual({ mine: 'for bob' });
  });

  test('can be used by what a function that knows callers claims of them', async () => {
    expect(await data('cleo', '{ ledger(firm: "acme") }')).toEqual({ ledger: 'of acme' });
    expect(await code('cleo', '{ ledger(firm: "cleo") }')).toBe('FORBIDDEN');
    expect(await code('ann', '{ ledger(firm: "acme") }')).toBe('FORBIDDEN');
  });

  test('takes no input of others, however deep, and whatever it is', async () => {
    expect(await data('ann', '{ search(any: [{ to: "x" }]) }')).toEqual({ search: 'found' });
    expect(await code('ann', '{ search(any: [{ to: "x" }, { secret: "y" }]) }')).toBe('FORBIDDEN');
    expect(await code('ann', '{ search(any: { secret: null }) }')).toBe('FORBIDDEN');
    expect(await data('ann:clerk', '{ search(any: [{ secret: "y" }]) }')).toEqual({ search: 'found' });
  });
});

test('a way to know callers that fails tells nothing of why', async () => {
  const { status, body } = await ask('crash', '{ broken }');
  expect(JSON.stringify(body)).not.toContain('hunter2');
  expect([body.data, body.errors?.[0]?.extensions.code]).toEqual([undefined, 'INTERNAL']);
  expect((await ask(':clerk', '{ broken }')).status).toBe(401);
  expect(status).toBeLessThanOrEqual(500);
});
