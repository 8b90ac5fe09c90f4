import { expect, test } from 'vitest';
import { SalesByCountry } from '../../../src/app/analytics/sales-projections.ts';
import { Orders } from '../../../src/app/orders/orders-projection.ts';
import { shop } from '../../../src/app/shop.ts';
import { guardModels } from '../../../src/graphql/auth/guard-models.ts';
import { createPermissions } from '../../../src/graphql/auth/permissions.ts';
import { Session } from '../../../src/graphql/auth/session.ts';
import { buildGuardedSchema } from '../../../src/graphql/build-schema.ts';
import { addProduct, placeOrder, registerUser } from '../../app/operations.ts';
import { serveShop } from '../../app/served-shop.ts';

/** What resolvers make of rows may have another type, or none: so the tables themselves keep what is hidden. */
test('resolvers read the rows of their caller, in whatever way', async () => {
  await using served = await serveShop();
  await served.data(addProduct, { input: { sku: 'TEA', name: 'Tea', price: '4.5' } });
  for (const id of ['ada', 'grace']) {
    await served.data(registerUser, { input: { id, name: id } });
    await served.data(placeOrder, {
      input: { orderId: id, customerId: id, lines: [{ sku: 'TEA', quantity: 1 }] },
    });
  }
  const { rules } = buildGuardedSchema(shop);
  const modelsOf = (subject: string | null, ...roles: string[]) => {
    const caller = { subject, roles };
    return guardModels(served.backend.models, new Session(caller, createPermissions(rules, caller)));
  };
  const keys = async (models: ReturnType<typeof modelsOf>) => [
    (await models.find(Orders, ['ada', 'grace', 'none'])).map(({ id }) => id).sort(),
    (await models.rows(Orders, { limit: 10 })).map(({ id }) => id),
    (await models.rows(Orders, { limit: 10, filter: { or: [{ id: { in: ['ada', 'grace'] } }] } })).map(
      ({ id }) => id,
    ),
  ];
  expect(await keys(modelsOf('ada', 'customer'))).toEqual([['ada'], ['ada'], ['ada']]);
  expect(await keys(modelsOf('sam', 'staff'))).toEqual(Array(3).fill(['ada', 'grace']));
  await expect(modelsOf('ada', 'customer').rows(SalesByCountry, { limit: 1 })).rejects.toMatchObject({
    code: 'FORBIDDEN',
  });
  await expect(modelsOf(null).find(Orders, ['ada'])).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});
