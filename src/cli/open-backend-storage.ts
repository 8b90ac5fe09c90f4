import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { readBackendEnvironment } from '../main/backend-environment.ts';
import { createLogger } from '../main/create-logger.ts';
import { openStorage, type Storage } from '../main/open-storage.ts';

/** The storage that the environment names, for a command that works on it without starting the backend. */
export async function openBackendStorage(backend: BackendDefinition): Promise<Storage> {
  const { storage, logLevel } = readBackendEnvironment(backend, process.env);
  return openStorage(backend, { ...storage, logger: createLogger(logLevel) });
}
