import { createClient } from 'graphql-ws';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startCounter } from './counter-server.ts';
import { onlyError, post } from './requests.ts';
import { codesOf, transports } from './transports.ts';

const hold = { query: 'mutation { hold }' };

test.each(transports.filter(([name]) => name !== 'HTTP GET'))(
  'what never ends is answered all the same over %s, and told to stop',
  async (_, ask) => {
    const server = await startCounter({ limits: { operationTime: 50 } });
    expect(codesOf(await ask(server, hold))).toEqual(['TIMED_OUT']);
    expect(server.state.contexts.map(({ signal }) => signal.aborted)).toEqual([true]);
    await server.stop();
  },
);

test('a subscription has all the time that it takes', async () => {
  const server = await startCounter({ limits: { operationTime: 50 } });
  const client = createClient({ url: server.socket, webSocketImpl: WebSocket });
  const results = client.iterate({ query: 'subscription { counts(after: 0) }' });
  expect(onlyError(await post(server.graphql, hold)).extensions.code).toBe('TIMED_OUT');
  server.state.add(1);
  expect(await results.next()).toMatchObject({ value: { data: { counts: expect.any(Number) } } });
  await client.dispose();
  await server.stop();
});
