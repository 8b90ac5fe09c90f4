import { getOperationAST, parse } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shopTabs } from '../../src/app/shop-tabs.ts';
import { post } from '../graphql/requests.ts';
import { type ServedShop, serveShop } from './served-shop.ts';

let shop: ServedShop;
beforeAll(async () => {
  shop = await serveShop();
});
afterAll(() => shop[Symbol.asyncDispose]());

test('the operations that GraphiQL opens with work as they stand, twice', async () => {
  for (const { query } of [...shopTabs, ...shopTabs])
    for (const operationName of operationsOf(query)) {
      if (getOperationAST(parse(query), operationName)?.operation === 'subscription') {
        const frames = shop.watch(query);
        expect((await frames.next()).value).toBeDefined();
        await frames.return?.();
        continue;
      }
      const { body } = await post(shop.graphql, { query, operationName });
      expect(body).toEqual({ data: expect.anything() });
      if (operationName !== 'LookBack') continue;
      const changes = [
        { field: 'status', from: 'PLACED', to: 'CANCELLED' },
        { field: 'cancelReason', from: null, to: 'I prefer coffee' },
      ];
      expect(body.data).toMatchObject({
        orderHistory: { nodes: [{ type: 'OrderPlaced' }, { type: 'OrderCancelled', changes }] },
        orderDiff: { changes },
      });
    }
});

function operationsOf(query: string): readonly string[] {
  return [...query.matchAll(/^(?:query|mutation|subscription) (\w+)/gm)].map(([, name = '']) => name);
}
