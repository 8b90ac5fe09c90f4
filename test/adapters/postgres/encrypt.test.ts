import { once } from 'node:events';
import type { Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates, TLSSocket } from 'node:tls';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { rootCause } from '../../../src/kernel/errors.ts';
import { localhostCertificate, localhostKey } from './localhost-certificate.ts';
import { openTestStore, type TestStore } from './open-test-store.ts';
import { type Served, serveThrough } from './serve.ts';

const SSL_REQUEST = 80_877_103;

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened[Symbol.asyncDispose]());

/** A server that encrypts when it is asked, or at once. */
function serveEncrypted(clients: TLSSocket[] = []): Promise<Served> {
  return serveThrough(opened.url, async (client) => {
    const first = await firstBytes(client);
    if (first.readInt32BE(4) === SSL_REQUEST) client.write('S');
    else client.unshift(first);
    const encrypted = new TLSSocket(client, {
      isServer: true,
      key: localhostKey,
      cert: localhostCertificate,
      ALPNProtocols: ['postgresql'],
    });
    clients.push(encrypted);
    return encrypted;
  });
}

async function firstBytes(client: Socket): Promise<Buffer> {
  await once(client, 'readable');
  const bytes: unknown = client.read();
  if (!Buffer.isBuffer(bytes)) throw new Error('the client said nothing');
  return bytes;
}

/** A server that says the same to whoever asks for encryption, and goes on in plain. */
function serveAnswering(answer: string): Promise<Served> {
  return serveThrough(opened.url, async (client) => {
    const first = await firstBytes(client);
    if (first.readInt32BE(4) === SSL_REQUEST) client.write(answer);
    else client.unshift(first);
    return client;
  });
}

async function ask({ url }: Served, parameters: string): Promise<string> {
  const database = openDatabase(`${url}?${parameters}`);
  try {
    await database.pipeline.execute(sql`select 1`);
    return 'answered';
  } catch (error) {
    return String(rootCause(error));
  } finally {
    await database.close();
  }
}

test.each(['sslmode=require', 'sslmode=prefer', 'ssl=require', 'sslmode=require&sslnegotiation=direct'])(
  'with %s a connection is encrypted, whoever the server is',
  async (parameters) => {
    const clients: TLSSocket[] = [];
    await using server = await serveEncrypted(clients);
    expect(await ask(server, parameters)).toBe('answered');
    expect(clients).toHaveLength(1);
  },
);

test.each(['sslmode=disable', ''])('with "%s" it is not', async (parameters) => {
  await using server = await serveAnswering('S');
  expect(await ask(server, parameters)).toBe('answered');
});

test('a server must prove who it is where that is asked for', async () => {
  await using server = await serveEncrypted();
  expect(await ask(server, 'sslmode=verify-full')).toContain('self-signed certificate');
  const trusted = getCACertificates();
  setDefaultCACertificates([...trusted, localhostCertificate]);
  try {
    expect(await ask(server, 'sslmode=verify-full')).toBe('answered');
  } finally {
    setDefaultCACertificates(trusted);
  }
});

test('a server without encryption is used only where it may be', async () => {
  await using server = await serveAnswering('N');
  expect(await ask(server, 'sslmode=prefer')).toBe('answered');
  expect(await ask(server, 'sslmode=require')).toContain('the server does not encrypt');
});

test('what comes in plain behind the answer is not taken for the server', async () => {
  await using server = await serveAnswering('SR');
  expect(await ask(server, 'sslmode=require')).toContain('somebody wrote into the connection');
});

test('an encrypted connection that is lost fails its query, and the next one is answered', async () => {
  const clients: TLSSocket[] = [];
  await using server = await serveEncrypted(clients);
  const database = openDatabase(`${server.url}?sslmode=require`, { connections: 1 });
  await database.session.execute(sql`select 1`);
  const sleeping = database.session.execute(sql`select pg_sleep(60)`);
  clients.at(-1)?.destroy();
  await expect(sleeping).rejects.toMatchObject({ cause: { code: 'CONNECTION_CLOSED' } });
  expect(await database.session.execute(sql`select 1 as alive`)).toEqual([{ alive: 1 }]);
  await database.close();
});
