import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CounterServer, startCounter } from './counter-server.ts';

const tabs = [
  { query: 'mutation Add($n: Int!) { add(amount: $n) }', variables: '{ "n": 1 }' },
  { query: 'subscription Watch { counts }' },
];

let server: CounterServer;
beforeAll(async () => {
  server = await startCounter({ graphiql: { title: 'Counter', tabs } });
});
afterAll(() => server.stop());

const visit = (url: string) => fetch(url, { headers: { accept: 'text/html' } });

test('a browser gets GraphiQL with its tabs, at the root too', async () => {
  const response = await visit(server.url);
  expect(response.url).toBe(server.graphql);
  expect(response.headers.get('content-type')).toBe('text/html');
  const page = await response.text();
  expect(page).toContain('<title>Counter</title>');
  expect(page).toContain(JSON.stringify([tabs[0], { ...tabs[1], variables: null }]));
  // Without it the tab that is open at first has no variables.
  expect(page).toContain(`localStorage['graphiql:variables'] = ${JSON.stringify(tabs[0]?.variables)}`);
});

test('the page may load nothing from other hosts, and asks for nothing', async () => {
  const response = await visit(server.graphql);
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("connect-src 'self'");
  expect(policy).not.toContain('http');
  const page = await response.text();
  expect(page).not.toMatch(/<(script|link|img)[^>]*(src|href)=["']?https?:/);
});

test('it can be left out', async () => {
  const bare = await startCounter({ graphiql: false });
  const response = await visit(bare.graphql);
  expect(response.headers.get('content-type')).not.toContain('html');
  await bare.stop();
});
