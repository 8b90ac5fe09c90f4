import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { openBackendStorage } from './open-backend-storage.ts';

/** Deletes the snapshots of one aggregate, or all: loading folds the events until there are new ones. */
export async function deleteSnapshotsCommand(
  backend: BackendDefinition,
  { aggregate }: { readonly aggregate?: string },
): Promise<void> {
  await using storage = await openBackendStorage(backend);
  const count = await storage.stored.snapshots.deleteSnapshots(
    aggregate === undefined ? 'all' : { aggregate },
  );
  console.log(`${count.toLocaleString('en')} snapshots deleted`);
}
