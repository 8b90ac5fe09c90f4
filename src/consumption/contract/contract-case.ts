import type { EventStore } from '../../persistence/event-store.ts';

/** One behaviour that every store must show, told in a sentence and proven on an empty store of its own. Throws when it does not hold. */
export type ContractCase = { readonly name: string; run(store: EventStore): Promise<void> };
