import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLError } from 'graphql';
import { createClient } from 'graphql-ws';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startCounter } from './counter-server.ts';
import { onlyError, post } from './requests.ts';

const inside = 'select password from "users" where secret = \'hunter2\' at /srv/app/node_modules/x.ts:1:1';
const thrown: Readonly<Record<string, () => unknown>> = {
  anError: () => new Error(inside),
  anErrorWithExtensions: () => Object.assign(new Error(inside), { extensions: { code: 'E', sql: inside } }),
  aWrappedError: () => new GraphQLError(inside, { originalError: new Error(inside) }),
  aGraphQLErrorWithoutCode: () => new GraphQLError(inside),
  severalErrors: () => new AggregateError([new Error(inside)], inside),
  aText: () => inside,
  anObject: () => ({ message: inside, stack: inside, code: 'E' }),
  nothing: () => undefined,
};

const schema = makeExecutableSchema({
  typeDefs: `type Query { ${Object.keys(thrown).join(': Int ')}: Int }`,
  resolvers: {
    Query: Object.fromEntries(
      Object.entries(thrown).map(([name, make]) => [
        name,
        () => {
          throw make();
        },
      ]),
    ),
  },
});

const mode = process.env.NODE_ENV;
afterEach(() => {
  process.env.NODE_ENV = mode;
});

describe.each(['production', 'development'])('in %s', (name) => {
  test.each(Object.keys(thrown))('%s that a resolver throws stays inside', async (field) => {
    process.env.NODE_ENV = name;
    const server = await startCounter({ schema });
    const error = onlyError(await post(server.graphql, { query: `{ ${field} }` }));
    const { correlationId, ...extensions } = error.extensions;
    expect(extensions).toEqual({ code: 'INTERNAL' });
    expect(error.message).toBe('Something went wrong; quote the correlation id.');
    const lines = server.log.filter(({ facts }) => facts.correlationId === correlationId);
    expect(lines.map(({ level }) => level)).toEqual(['error']);

    const client = createClient({ url: server.socket, webSocketImpl: WebSocket });
    const { value } = await client.iterate({ query: `{ ${field} }` }).next();
    expect(value).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL' } }] });
    expect(JSON.stringify(value)).not.toMatch(/hunter2|srv|select/);
    await client.dispose();
    await server.stop();
  });
});
