import { createClient } from 'graphql-ws';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startCounter } from './counter-server.ts';
import { onlyError, post } from './requests.ts';

const hold = { query: 'mutation { hold }' };

test('what never ends is answered all the same, on every transport, and told to stop', async () => {
  const server = await startCounter({ limits: { operationTime: 50 } });
  expect(onlyError(await post(server.graphql, hold)).extensions.code).toBe('TIMED_OUT');
  const client = createClient({ url: server.socket, webSocketImpl: WebSocket });
  expect(await client.iterate(hold).next()).toMatchObject({
    value: { errors: [{ extensions: { code: 'TIMED_OUT' } }] },
  });
  expect(server.state.contexts.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  await client.dispose();
  await server.stop();
});

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
