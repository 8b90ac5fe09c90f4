import { shop } from '../app/shop.ts';
import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { run } from '../main/run.ts';
import { simulateCustomers } from './simulate-customers.ts';

/** Runs a backend. */
export async function startCommand(backend: BackendDefinition): Promise<void> {
  await run(backend);
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
