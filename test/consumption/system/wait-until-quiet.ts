import { sleep } from '../../../src/kernel/async.ts';
import type { OwnPlaces } from './open-places.ts';

/** Waits until everyone has seen all that there is, and nothing came meanwhile. */
export async function waitUntilQuiet({ Orders, Kitchen, Billing }: OwnPlaces): Promise<void> {
  const pipes = [
    { consumer: 'system:Kitchen:Orders', of: Kitchen, follows: Orders },
    { consumer: 'system:Billing:Kitchen', of: Billing, follows: Kitchen },
    { consumer: 'system:Orders:Billing', of: Orders, follows: Billing },
  ];
  const heads = (): Promise<readonly number[]> =>
    Promise.all(pipes.map(({ follows }) => follows.persistence.events.head()));
  for (;;) {
    const before = await heads();
    const seen = await Promise.all(
      pipes.map(({ consumer, of }) => of.persistence.tracking.positionOf(consumer)),
    );
    const after = await heads();
    if (after.every((head, index) => head === before[index] && head === (seen[index] ?? 0))) return;
    await sleep(20);
  }
}
