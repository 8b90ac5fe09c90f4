import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepSystem } from 'livefold';
import { createMemoryPersistence } from 'livefold/memory';
import { Order, Orders, restaurant } from './restaurant.ts';

function inMemory() {
  const persistence = createMemoryPersistence();
  return { persistence, bell: persistence.bell };
}

void test('what is ordered is cooked, and then served', async () => {
  const { open, settle } = stepSystem(restaurant, { places: { Orders: inMemory(), Kitchen: inMemory() } });
  const orders = open(Orders);
  await orders.execute(Order.commands.place('7', { order: '7', meals: ['soup', 'pie'] }));
  const steps = await settle();
  assert.deepEqual(
    steps.map(({ event, follower }) => `${event.type} → ${follower.name}`),
    ['OrderPlaced → Kitchen', 'MealsCooked → Orders'],
  );
  assert.equal((await orders.repository.load(Order, '7')).state.status, 'served');
});
