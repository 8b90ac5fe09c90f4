import { test } from 'vitest';
import { lineOf } from '../../../src/app/lines.ts';
import { ItemsReturned } from '../../../src/app/orders/order-events.ts';
import { Returns } from '../../../src/app/orders/return.ts';
import { given } from '../../../src/domain/scenario.ts';

const lines = [lineOf({ sku: 'TEA', name: 'Tea', quantity: 2, unitPrice: '4.5' })];
const document = { returnId: 'r1', orderId: null, customerId: null, country: null, lines };
const returned = ItemsReturned({ ...document, total: '9' });

test('goods come back without an order and a customer', () =>
  given(Returns).when(Returns.commands.takeBack('r1', document)).then(returned));
test('the same return again is rejected', () =>
  given(Returns, returned).when(Returns.commands.takeBack('r1', document)).thenRejected('RETURN_EXISTS'));
