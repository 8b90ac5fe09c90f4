import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runLivefold } from '../cli/run-livefold.ts';
import { GuardedShop, type ShopCaller } from './guarded-shop.ts';
import { addProduct, placeOrder, registerUser } from './operations.ts';
import { closing, idsOf, liveOrders as live, type Orders, readOrders } from './watching.ts';

const revoke = 'mutation ($input: RevokeTokensInput!) { revokeTokens(input: $input) { revokedAt } }';

const lines = [{ sku: 'TEA', quantity: 1 }];

let shop: GuardedShop;
let staff: ShopCaller;
let operator: ShopCaller;
beforeAll(async () => {
  shop = await GuardedShop.serve();
  staff = shop.as(await shop.issuer.token('sam', { roles: ['staff'] }));
  operator = shop.as(await shop.issuer.token('olga', { roles: ['operator'] }));
  await staff.data(addProduct, { input: { sku: 'TEA', name: 'Tea', price: '4.5' } });
  for (const id of ['ada', 'grace', 'alan', 'edsger', 'barbara', 'donald', 'frances'])
    await staff.data(registerUser, { input: { id, name: id } });
});
afterAll(() => shop[Symbol.asyncDispose]());

const customer = (subject: string, options: object = {}) =>
  shop.issuer.token(subject, { roles: ['customer'], ...options });
const place = (orderId: string, customerId: string) =>
  staff.data(placeOrder, { input: { orderId, customerId, lines } });

describe('what is revoked', () => {
  /** Two processes: one hears what the other does. */
  test('ends what is subscribed with it, in every process, and nothing else', async () => {
    await using other = await GuardedShop.serve(shop);
    const [mine, elsewhere, bystander] = [
      shop.client(await customer('edsger'), { retryAttempts: 0 }),
      other.client(await customer('edsger'), { retryAttempts: 0 }),
      shop.client(await customer('barbara')),
    ];
    const stream = await other.events(await customer('edsger'), live);
    await stream.next();
    const [orders, further, untouched] = [mine, elsewhere, bystander].map((client) => readOrders(client));
    for (const next of [orders, further, untouched]) await next?.();
    const closed = Promise.all([closing(mine), closing(elsewhere)]);
    await operator.data(revoke, { input: { subject: 'edsger' } });
    expect(await closed).toMatchObject([
      { code: 4403, reason: 'The token was revoked.' },
      { code: 4403, reason: 'The token was revoked.' },
    ]);
    expect(JSON.parse((await stream.next())?.data ?? '')).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
    await place('revoked-1', 'barbara');
    expect(idsOf((await untouched?.()) as Orders)).toEqual(['revoked-1']);
    expect(await shop.as(await customer('edsger')).refusal('{ orders { nodes { id } } }')).toBe(
      'UNAUTHENTICATED',
    );
  });

  test('can be a single token', async () => {
    const [one, two] = [
      await customer('donald', { claims: { jti: 'd1' } }),
      await customer('donald', { claims: { jti: 'd2' } }),
    ];
    const client = shop.client(one, { retryAttempts: 0 });
    await readOrders(client)();
    const closed = closing(client);
    await operator.data(revoke, { input: { tokenId: 'd1' } });
    expect(await closed).toMatchObject({ code: 4403 });
    const users = '{ users { nodes { id } } }';
    expect(await shop.as(one).refusal(users)).toBe('UNAUTHENTICATED');
    expect((await shop.as(two).data(users)).users.nodes).toEqual([{ id: 'donald' }]);
  });

  test('can be revoked from the command line, and is known to a server that starts later', async () => {
    const token = await customer('frances', { claims: { jti: 'f1' } });
    const client = shop.client(token, { retryAttempts: 0 });
    await readOrders(client)();
    const closed = closing(client);
    const { code, stdout } = await runLivefold(['tokens', 'revoke', '--token', 'f1'], {
      databaseUrl: shop.databaseUrl,
    });
    expect([code, stdout]).toEqual([0, 'the token f1 is refused from now on\n']);
    expect(await closed).toMatchObject({ code: 4403 });
    await using later = await GuardedShop.serve(shop);
    expect(await later.as(token).refusal('{ users { nodes { id } } }')).toBe('UNAUTHENTICATED');
    expect((await runLivefold(['tokens', 'revoke'], { databaseUrl: shop.databaseUrl })).code).toBe(1);
  });

  test('is for operators to say', async () => {
    expect(await staff.refusal(revoke, { input: { subject: 'ada' } })).toBe('FORBIDDEN');
  });
});
