import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { LivefoldError } from '../kernel/errors.ts';

/**
 * The backend that a module exports under the name `backend`.
 *
 * @throws LivefoldError `INVALID_BACKEND` when there is no such module or export
 */
export async function loadBackend(path: string): Promise<BackendDefinition> {
  const module = await importModule(path);
  const { backend } = module;
  if (isBackend(backend)) return backend;
  throw invalid(path, 'it exports no `backend` with name, events and projections');
}

async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    // What a module exports is known only once it is there.
    return (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  } catch (cause) {
    throw invalid(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function isBackend(value: unknown): value is BackendDefinition {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['name', 'events', 'projections'].every((part) => part in value)
  );
}

function invalid(path: string, why: string, cause?: unknown): LivefoldError {
  return new LivefoldError('INVALID_BACKEND', `The module ${path} gives no backend: ${why}.`, {
    cause,
    fields: { path },
  });
}
