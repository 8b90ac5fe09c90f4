import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { runLivefold } from '../cli/run-livefold.ts';
import { GuardedShop, type ShopCaller } from './guarded-shop.ts';
import { StaffedShop } from './staffed-shop.ts';
import { closing, idsOf, liveOrders as live, type Orders, readOrders } from './watching.ts';

const revoke = 'mutation ($input: RevokeTokensInput!) { revokeTokens(input: $input) { revokedAt } }';

let staffed: StaffedShop;
let shop: GuardedShop;
let operator: ShopCaller;
beforeAll(async () => {
  staffed = await StaffedShop.serve(['alan', 'barbara', 'donald', 'edsger', 'frances']);
  ({ shop } = staffed);
  operator = shop.as(await shop.issuer.token('olga', { roles: ['operator'] }));
});
afterAll(() => staffed[Symbol.asyncDispose]());

describe('what is revoked', () => {
  /** Two processes: one hears what the other does. */
  test('ends what is subscribed with it, in every process, and nothing else', async () => {
    await using other = await GuardedShop.serve(shop);
    const [mine, elsewhere, bystander] = [
      shop.client(await staffed.customer('edsger'), { retryAttempts: 0 }),
      other.client(await staffed.customer('edsger'), { retryAttempts: 0 }),
      shop.client(await staffed.customer('barbara')),
    ];
    const stream = await other.events(await staffed.customer('edsger'), live);
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
    await staffed.place('revoked-1', 'barbara');
    expect(idsOf((await untouched?.()) as Orders)).toEqual(['revoked-1']);
    expect(await shop.as(await staffed.customer('edsger')).refusal('{ orders { nodes { id } } }')).toBe(
      'UNAUTHENTICATED',
    );
  });

  test('ends it too where the notification was lost', async () => {
    const client = shop.client(await staffed.customer('alan'), { retryAttempts: 0 });
    await readOrders(client)();
    const closed = closing(client);
    const unheard = openDatabase(shop.databaseUrl, { connections: 1 });
    await unheard.session.execute(sql`insert into livefold.revocations values ('subject', 'alan', now())`);
    await unheard.close();
    expect(await closed).toMatchObject({ code: 4403, reason: 'The token was revoked.' });
  });

  test('can be a single token', async () => {
    const [one, two] = [
      await staffed.customer('donald', { claims: { jti: 'd1' } }),
      await staffed.customer('donald', { claims: { jti: 'd2' } }),
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
    const token = await staffed.customer('frances', { claims: { jti: 'f1' } });
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
    expect(await staffed.staff.refusal(revoke, { input: { subject: 'ada' } })).toBe('FORBIDDEN');
  });
});
