import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shop as definition } from '../../src/app/shop.ts';
import { openEventStream } from '../graphql/event-source.ts';
import { onlyError, postText } from '../graphql/requests.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import type { ServedProgram } from '../support/served-program.ts';
import { addTea, placeOrder, readHead, startShop } from './shop.ts';

let database: TestDatabase;
let shop: ServedProgram;
let head: string;
beforeAll(async () => {
  database = await createTestDatabase(definition.migrations);
  shop = await startShop(database.url);
  await addTea(shop);
  await placeOrder(shop, 'there');
  head = await readHead(shop);
});
afterAll(async () => {
  await shop.end('SIGTERM');
  await database.drop();
});

/** Nothing was stored, and the server goes on. */
async function expectUnharmed(): Promise<void> {
  expect(await readHead(shop)).toBe(head);
  const ready = await fetch(`${shop.url}/ready`);
  expect(ready.status).toBe(200);
}

const json = { 'content-type': 'application/json' };
const place =
  'mutation ($input: PlaceOrderInput!, $commandId: ID) { placeOrder(input: $input, commandId: $commandId) { receipt { position } } }';
const order = (line: object, rest: object = {}) => ({
  input: { lines: [{ sku: 'TEA', quantity: 1, ...line }], ...rest },
});
const nested = (levels: number): string => (levels === 0 ? 'name' : `ofType { ${nested(levels - 1)} }`);
const digits = '9'.repeat(40);

describe('a body', () => {
  test.each([
    ['that is no JSON', '{"query": ', 400, 'BAD_REQUEST'],
    ['that is no object', '"{ projections { name } }"', 400, 'BAD_REQUEST'],
    ['without a query', '{}', 400, 'BAD_REQUEST'],
    [
      'with variables that are no object',
      '{"query":"{ projections { name } }","variables":1}',
      400,
      'BAD_REQUEST',
    ],
    [
      'that is too large',
      JSON.stringify({ query: `# ${'x'.repeat(2_000_000)}` }),
      413,
      'REQUEST_ENTITY_TOO_LARGE',
    ],
  ])('%s is refused', async (_, body, status, code) => {
    const reply = await postText(shop.graphql, body, json);
    expect(reply.status).toBe(status);
    expect(onlyError(reply).extensions.code).toBe(code);
    await expectUnharmed();
  });
});

describe('a document', () => {
  test.each([
    ['that does not parse', '{ orders ', 'GRAPHQL_PARSE_FAILED'],
    ['with a field that is not there', '{ orders { nodes { colour } } }', 'GRAPHQL_VALIDATION_FAILED'],
    [
      'with an argument that is not there',
      '{ orders(colour: "red") { nodes { id } } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'with a value of the wrong type',
      '{ orders(first: "ten") { nodes { id } } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'with a position that is no number',
      '{ notificationLog(after: "abc") { nodes { id } } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'with a number of 40 digits',
      `mutation { restock(input: { sku: "TEA", quantity: ${digits} }) { receipt { position } } }`,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['that is too deep', `{ __type(name: "Order") { ${nested(20)} } }`, 'LIMIT_EXCEEDED'],
    ['that asks for too large a page', '{ orders(first: 501) { nodes { id } } }', 'BAD_USER_INPUT'],
    ['that asks for a page of less than nothing', '{ orders(first: -1) { nodes { id } } }', 'BAD_USER_INPUT'],
    ['with a cursor that no page gave', '{ orders(after: "x") { nodes { id } } }', 'BAD_USER_INPUT'],
    [
      'that waits for a position beyond the head',
      '{ orders(atLeast: "999999") { nodes { id } } }',
      'BAD_USER_INPUT',
    ],
    [
      'that asks for two moments at once',
      '{ order(id: "there", asOf: { version: 1, position: "1" }) { id } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
  ])('%s is refused', async (_, query, code) => {
    expect(onlyError(await shop.post(query)).extensions.code).toBe(code);
    await expectUnharmed();
  });
});

describe('an order', () => {
  test.each([
    ['with a field that is not there', order({}, { colour: 'red' }), 'input'],
    ['with a quantity that is no number', order({ quantity: 'many' }), 'input.lines.0.quantity'],
    ['with half a unit', order({ quantity: 0.5 }), 'input.lines.0.quantity'],
    ['with no unit', order({ quantity: 0 }), 'lines.0.quantity'],
    ['with less than no unit', order({ quantity: -3 }), 'lines.0.quantity'],
    ['with a quantity of 40 digits', order({ quantity: Number(digits) }), 'input.lines.0.quantity'],
    ['with a price of 40 digits', order({ unitPrice: digits }), 'input.lines.0.unitPrice'],
    ['with a price below zero', order({ unitPrice: '-1.00' }), 'lines.0.unitPrice'],
    ['with a price that is a float', order({ unitPrice: 4.5 }), 'input.lines.0.unitPrice'],
    ['without lines', { input: { lines: [] } }, 'lines'],
    ['with an id that is too long', order({}, { orderId: 'x'.repeat(300) }), 'id'],
    ['with an id that cannot be stored', order({}, { orderId: 'a\u0000b' }), 'id'],
    ['with an empty command id', { ...order({}), commandId: '' }, 'commandId'],
  ])('%s is refused, with the path to what is wrong', async (_, variables, path) => {
    const { extensions } = onlyError(await shop.post(place, variables));
    expect(extensions.code).toBe('BAD_USER_INPUT');
    expect(extensions.issues).toContainEqual(
      expect.objectContaining({ path: expect.toSatisfy((steps) => steps.join('.') === path) }),
    );
    await expectUnharmed();
  });

  test.each([
    ['for a product that is not there', place, order({ sku: 'NOPE' }), 'UNKNOWN_PRODUCT'],
    ['for a customer who is not there', place, order({}, { customerId: 'nobody' }), 'UNKNOWN_USER'],
    ['with an id that is taken', place, order({}, { orderId: 'there' }), 'ORDER_EXISTS'],
    [
      'that is not there cannot be paid',
      'mutation { payOrder(input: { orderId: "nope" }) { receipt { position } } }',
      {},
      'UNKNOWN_ORDER',
    ],
    [
      'that is not paid cannot be shipped',
      'mutation { shipOrder(input: { orderId: "there", carrier: "DHL" }) { receipt { position } } }',
      {},
      'ORDER_NOT_PAID',
    ],
  ])('%s', async (_, query, variables, reason) => {
    expect(onlyError(await shop.post(query, variables)).extensions).toMatchObject({
      code: 'COMMAND_REJECTED',
      reason,
    });
    await expectUnharmed();
  });

  test('that is not there is null', async () => {
    expect(
      await shop.data('{ order(id: "nope") { id } user(id: "nope") { id } product(sku: "nope") { sku } }'),
    ).toEqual({ order: null, user: null, product: null });
  });
});

describe('a subscription', () => {
  test.each([
    [
      'behind a position beyond the head',
      'subscription { notifications(after: "999999") { id } }',
      {},
      'BAD_USER_INPUT',
    ],
    [
      'behind a frame beyond the head',
      'subscription { orders(after: "999999") { position } }',
      {},
      'BAD_USER_INPUT',
    ],
    [
      'that resumes behind what is no position',
      'subscription { orders { position } }',
      { 'last-event-id': 'x' },
      'BAD_USER_INPUT',
    ],
    ['to a field that is not there', 'subscription { colours }', {}, 'GRAPHQL_VALIDATION_FAILED'],
  ])('%s is refused', async (_, query, headers, code) => {
    const stream = await openEventStream(shop.graphql, { query }, headers);
    const event = await stream.next();
    stream.leave();
    expect(JSON.parse(event?.data ?? '').errors[0].extensions.code).toBe(code);
    await expectUnharmed();
  });
});
