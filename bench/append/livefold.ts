import type { EventStore } from '../../src/persistence/event-store.ts';
import type { Side } from '../compare.ts';
import { writers } from './writers.ts';

/** Our side: the store's own append, with everything it checks. */
export function livefold(store: EventStore, writerCount: number): Side {
  return writers('livefold', writerCount, (item) => store.append(item));
}
