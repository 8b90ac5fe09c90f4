/** The door `livefold/memory`: everything that Livefold keeps, in the memory of one process. */
export { createMemoryPersistence, type MemoryPersistence } from './adapters/memory/memory-persistence.ts';
export type { MemoryTransaction } from './adapters/memory/memory-transaction.ts';
