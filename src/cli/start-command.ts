import { shop } from '../app/shop.ts';
import { run } from '../main/run.ts';
import { simulateCustomers } from './simulate-customers.ts';

/** Runs the shop. */
export async function startCommand(): Promise<void> {
  await run(shop);
}

/** Runs the shop with simulated customers. */
export async function demoCommand({
  seed,
  pace,
}: {
  readonly seed: number;
  readonly pace: number;
}): Promise<void> {
  await run(shop, ({ backend }, signal) => simulateCustomers(backend, { seed, pace, signal }));
}
