import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { LivefoldError } from '../kernel/errors.ts';

/** What every definition has. */
const parts = ['name', 'typeDefs', 'resolvers', 'events', 'projections'];

/**
 * The backend that a module exports under the name `backend`.
 *
 * @throws LivefoldError `INVALID_BACKEND` when there is no such module or export
 */
export async function loadBackend(path: string): Promise<BackendDefinition> {
  const { backend } = await importModule(path);
  if (backend === undefined)
    throw invalid(path, 'it exports nothing under the name `backend`: write `export const backend = { … }`');
  if (isBackend(backend)) return backend;
  throw invalid(path, `what it exports as \`backend\` is no definition: that has ${parts.join(', ')}`);
}

async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  const { href } = pathToFileURL(resolve(path));
  try {
    // What a module exports is known only once it is there.
    return (await import(href)) as Record<string, unknown>;
  } catch (cause) {
    if (cause instanceof Error && 'url' in cause && cause.url === href)
      throw invalid(path, 'there is no such file', cause);
    throw invalid(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function isBackend(value: unknown): value is BackendDefinition {
  return typeof value === 'object' && value !== null && parts.every((part) => part in value);
}

function invalid(path: string, why: string, cause?: unknown): LivefoldError {
  return new LivefoldError('INVALID_BACKEND', `The module ${path} gives no backend: ${why}.`, {
    cause,
    fields: { path },
  });
}
