import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TokenOptions } from '../support/issuer.ts';
import { GuardedShop } from './guarded-shop.ts';
import { StaffedShop } from './staffed-shop.ts';
import { ask, closing, idsOf, liveOrders as live, read, readOrders } from './watching.ts';

const log = 'subscription ($after: Position) { notifications(after: $after) { position stream } }';
const refresh =
  'mutation ($token: String!) { refreshToken(input: { token: $token }) { caller { subject roles expiresAt } } }';

let staffed: StaffedShop;
let shop: GuardedShop;
beforeAll(async () => {
  staffed = await StaffedShop.serve(['ada', 'alan', 'grace']);
  ({ shop } = staffed);
});
afterAll(() => staffed[Symbol.asyncDispose]());

const customer = (subject: string, options: TokenOptions = {}) => staffed.customer(subject, options);
const place = (orderId: string, customerId: string) => staffed.place(orderId, customerId);

describe('when a token expires', () => {
  test('a WebSocket is closed with 4403, and a client that has a new token goes on behind its last frame', async () => {
    const tokens = [customer('ada', { expiresIn: 600 }), customer('ada', { expiresIn: 6_000 })];
    let given = 0;
    const client = shop.client(async () => (await tokens[given++]) ?? '', {
      retryWait: async () => {},
      shouldRetry: () => true,
    });
    const closed = closing(client);
    const next = readOrders(client);
    expect(await next()).toMatchObject({ kind: 'SNAPSHOT' });
    shop.issuer.ahead += 700;
    expect(await closed).toMatchObject({ code: 4403, reason: 'The token has expired.' });
    // graphql-ws subscribes again by itself, with the variables that it had.
    expect(await next()).toMatchObject({ kind: 'SNAPSHOT' });
    await place('expired-1', 'ada');
    expect(idsOf(await next())).toEqual(['expired-1']);
    expect(given).toBe(2);
  });

  test('a stream of server-sent events ends with UNAUTHENTICATED, and its id resumes with a new token', async () => {
    const stream = await shop.events(await customer('ada', { expiresIn: 600 }), live);
    const first = await stream.next();
    expect(first?.event).toBe('next');
    shop.issuer.ahead += 700;
    const last = await stream.next();
    expect(JSON.parse(last?.data ?? '')).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
    expect(await stream.next()).toMatchObject({ event: 'complete' });
    await place('expired-2', 'ada');
    const again = await shop.events(await customer('ada'), live, { 'last-event-id': first?.id ?? '' });
    expect(idsOf(JSON.parse((await again.next())?.data ?? '').data.orders)).toEqual(['expired-2']);
    again.leave();
  });

  test('nobody connects with it: one that is over may come again, one that never was right may not', async () => {
    for (const [token, code] of [
      [await customer('ada', { expiresIn: -60 }), 4403],
      ['abc', 4401],
    ] as const) {
      const client = shop.client(token, { retryAttempts: 0 });
      const closed = closing(client);
      await expect(ask(client, '{ product(sku: "TEA") { sku } }', {})).rejects.toBeDefined();
      expect(await closed).toMatchObject({ code });
      expect((await shop.events(token, live)).response.status).toBe(401);
    }
  });
});

describe('where tokens are believed for ten minutes at most', () => {
  test('one that says more ends then, on what is connected and on what comes', async () => {
    await using strict = await GuardedShop.serve(shop, { maxTokenAge: 600 });
    const [token, orders] = [await customer('ada', { expiresIn: 6_000 }), '{ orders { nodes { id } } }'];
    await strict.as(token).data(orders);
    const client = strict.client(token, { retryAttempts: 0 });
    await readOrders(client)();
    const closed = closing(client);
    shop.issuer.ahead += 700;
    expect(await closed).toMatchObject({ code: 4403, reason: 'The token has expired.' });
    expect(await strict.as(token).refusal(orders)).toBe('UNAUTHENTICATED');
    await shop.as(token).data(orders);
    await strict.as(await customer('ada', { expiresIn: 6_000 })).data(orders);
  });

  test('one that does not say when it was made is not believed, and a client is told when its own ends', async () => {
    await using strict = await GuardedShop.serve(shop, { maxTokenAge: 600 });
    const undated = await customer('ada', { claims: { iat: undefined } });
    expect(await strict.as(undated).refusal('{ product(sku: "TEA") { sku } }')).toBe('UNAUTHENTICATED');
    const client = strict.client(await customer('ada'), { lazy: false });
    const ends = async (options: TokenOptions) => {
      const before = shop.issuer.clock().getTime();
      const { data } = (await ask(client, refresh, { token: await customer('ada', options) })) ?? {};
      const { expiresAt } = Object(data).refreshToken.caller;
      return Math.round((Date.parse(expiresAt) - before) / 60_000);
    };
    expect([await ends({ expiresIn: 6_000 }), await ends({ expiresIn: 300 })]).toEqual([10, 5]);
    expect(await strict.as().data('{ product(sku: "TEA") { sku } }')).toEqual({ product: { sku: 'TEA' } });
  });
});

describe('a new token on the same WebSocket', () => {
  test('of the same caller keeps what is subscribed: nothing ends, nothing is missed, nothing comes twice', async () => {
    const old = await customer('grace', { expiresIn: 600 });
    const [client, control] = [shop.client(old), shop.client(old, { retryAttempts: 0 })];
    let closes = 0;
    client.on('closed', () => {
      closes += 1;
    });
    const [orders, events] = [readOrders(client), read(client, log)];
    expect(await orders()).toMatchObject({ kind: 'SNAPSHOT', upserted: [] });
    const reply = await ask(client, refresh, { token: await customer('grace', { expiresIn: 6_000 }) });
    expect(reply?.data).toMatchObject({
      refreshToken: { caller: { subject: 'grace', roles: ['customer'] } },
    });
    await place('refreshed-1', 'grace');
    // The same token on another socket is not refreshed: when that is closed, the old token is over.
    await readOrders(control)();
    const closed = closing(control);
    shop.issuer.ahead += 700;
    await place('refreshed-2', 'grace');
    expect(await closed).toMatchObject({ code: 4403 });
    await place('refreshed-3', 'grace');
    for (const id of ['refreshed-1', 'refreshed-2', 'refreshed-3']) {
      expect(await orders()).toMatchObject({ kind: 'DELTA', upserted: [{ id }] });
      expect((await events()).notifications.stream).toBe(`Order-${id}`);
    }
    expect(closes).toBe(0);
  });

  test('with other roles shows at once what the caller may now', async () => {
    await place('role-1', 'alan');
    const client = shop.client(await customer('alan'));
    const [orders, events] = [readOrders(client), read(client, log)];
    expect(idsOf(await orders())).toEqual(['role-1']);
    await ask(client, refresh, { token: await shop.issuer.token('alan', { roles: ['customer', 'staff'] }) });
    const all = await orders();
    expect(all.kind).toBe('SNAPSHOT');
    expect(all.upserted.length).toBeGreaterThan(5);
    await place('role-2', 'grace');
    expect(idsOf(await orders())).toEqual(['role-2']);
    expect((await events()).notifications.stream).toBe('Order-role-2');
    await ask(client, refresh, { token: await customer('alan') });
    const fewer = await orders();
    expect([fewer.kind, idsOf(fewer)]).toEqual(['SNAPSHOT', ['role-1']]);
    await place('role-3', 'grace');
    await place('role-4', 'alan');
    expect(idsOf(await orders())).toEqual(['role-4']);
    expect((await events()).notifications.stream).toBe('Order-role-4');
    await ask(client, refresh, { token: await shop.issuer.token('alan') });
    await expect(orders()).rejects.toThrow('FORBIDDEN');
    await expect(events()).rejects.toThrow('FORBIDDEN');
  });

  test('can name a caller who had not said who it is', async () => {
    // A lazy client would take another socket for each operation.
    const client = shop.client(undefined, { lazy: false });
    const before = await ask(client, '{ orders { nodes { id } } }', {});
    expect(before?.errors?.[0]).toMatchObject({ extensions: { code: 'UNAUTHENTICATED' } });
    await ask(client, refresh, { token: await customer('alan') });
    expect((await ask(client, '{ user(id: "alan") { name } }', {}))?.data).toEqual({
      user: { name: 'alan' },
    });
  });

  test('that is not right, or of another caller, changes nothing', async () => {
    const client = shop.client(await customer('alan'), { lazy: false });
    for (const token of ['abc', await customer('grace'), await customer('alan', { expiresIn: -60 })])
      expect((await ask(client, refresh, { token }))?.errors?.[0]).toMatchObject({
        extensions: { code: 'UNAUTHENTICATED' },
      });
    expect(
      (await ask(client, '{ user(id: "grace") { name } me: user(id: "alan") { name } }', {}))?.data,
    ).toEqual({
      user: null,
      me: { name: 'alan' },
    });
  });

  test('is none of other requests: they bring their own', async () => {
    expect(await staffed.staff.refusal(refresh, { token: await customer('sam') })).toBe('BAD_USER_INPUT');
  });
});
