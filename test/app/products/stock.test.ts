import { test } from 'vitest';
import {
  ProductAdded,
  Restocked,
  StockRefused,
  StockReleased,
  StockReserved,
} from '../../../src/app/products/product-events.ts';
import { releaseStock, reserveStock } from '../../../src/app/products/stock.ts';
import { given } from '../../../src/domain/scenario.ts';

const tea = (quantity: number) => ({ sku: 'TEA', quantity });
const mug = (quantity: number) => ({ sku: 'MUG', quantity });
const addedTea = ProductAdded({ sku: 'TEA', name: 'Tea', price: '1', stock: 10 });
const addedMug = ProductAdded({ sku: 'MUG', name: 'Mug', price: '1', stock: null });
const reserve = (...units: { sku: string; quantity: number }[]) => reserveStock({ orderId: '7', units });
const reserved = (orderId: string, ...units: { sku: string; quantity: number }[]) =>
  StockReserved({ orderId, units });

test('units at hand are reserved', () =>
  given(reserveStock, addedTea)
    .when(reserve(tea(10)))
    .then(reserved('7', tea(10))));
test('lines of one product count together', () =>
  given(reserveStock, addedTea)
    .when(reserve(tea(4), tea(5)))
    .then(reserved('7', tea(9))));
test('more than there is is refused, with what is missing', () =>
  given(reserveStock, addedTea)
    .when(reserve(tea(12)))
    .then(StockRefused({ orderId: '7', units: [tea(2)] })));
test("others' reservations count, what they gave back does not", () =>
  given(
    reserveStock,
    addedTea,
    reserved('1', tea(6)),
    reserved('2', tea(3)),
    StockReleased({ orderId: '1', units: [tea(6)] }),
  )
    .when(reserve(tea(8)))
    .then(StockRefused({ orderId: '7', units: [tea(1)] })));
test('restocked units count', () =>
  given(reserveStock, addedTea, Restocked(tea(5)))
    .when(reserve(tea(15)))
    .then(reserved('7', tea(15))));
test('units that nobody counts are there without end', () =>
  given(reserveStock, addedMug)
    .when(reserve(mug(1_000_000)))
    .then(reserved('7')));
test('one missing product refuses the whole order', () =>
  given(reserveStock, addedTea, Restocked(mug(1)), addedMug)
    .when(reserve(tea(1), mug(2)))
    .then(StockRefused({ orderId: '7', units: [mug(1)] })));
test('an order that has its units gets them once', () =>
  given(reserveStock, addedTea, reserved('7', tea(2)))
    .when(reserve(tea(2)))
    .then());
test('more units of one product than a line may have are refused like others', () =>
  given(reserveStock, addedTea)
    .when(reserve(tea(1_000_000), tea(1_000_000)))
    .then(StockRefused({ orderId: '7', units: [tea(1_999_990)] })));
test('what an order reserved is released', () =>
  given(releaseStock, reserved('7', tea(2), mug(1)))
    .when(releaseStock({ orderId: '7' }))
    .then(StockReleased({ orderId: '7', units: [tea(2), mug(1)] })));
test('what is released is not released again', () =>
  given(releaseStock, reserved('7', tea(2)), StockReleased({ orderId: '7', units: [tea(2)] }))
    .when(releaseStock({ orderId: '7' }))
    .then());
