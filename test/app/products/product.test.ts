import { test } from 'vitest';
import { Product } from '../../../src/app/products/product.ts';
import { ProductAdded, Restocked } from '../../../src/app/products/product-events.ts';
import { given } from '../../../src/domain/scenario.ts';

const { add, restock } = Product.commands;
const added = ProductAdded({ sku: 'TEA', name: 'Tea', price: '4.5', stock: null });

test('a product is added, its price without superfluous zeros', () =>
  given(Product)
    .when(add('TEA', { sku: 'TEA', name: ' Tea ', price: '4.500' }))
    .then(added));
test('a product that is there is not added again', () =>
  given(Product, added)
    .when(add('TEA', { sku: 'TEA', name: 'Tea', price: '1' }))
    .thenRejected('PRODUCT_EXISTS'));
test('a product is restocked', () =>
  given(Product, added)
    .when(restock('TEA', { sku: 'TEA', quantity: 5 }))
    .then(Restocked({ sku: 'TEA', quantity: 5 })));
test('a product that is not there is not restocked', () =>
  given(Product)
    .when(restock('TEA', { sku: 'TEA', quantity: 5 }))
    .thenRejected('UNKNOWN_PRODUCT'));
