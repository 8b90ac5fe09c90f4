import { LivefoldError } from '../../../kernel/errors.ts';
import { type EmbeddedEngineOptions, startEmbeddedEngine } from './embedded-engine.ts';
import type { Engine } from './engine.ts';
import { useGivenServer } from './given-server.ts';

export type ResolveDatabaseOptions = EmbeddedEngineOptions & {
  /** `postgres://…` or `postgresql://…`; unset or empty means a server of our own. */
  readonly databaseUrl: string | undefined;
};

/** The server to work on: the given one, checked, or our own, started. Errors: theirs, and `DATABASE_URL_INVALID`. */
export async function resolveDatabase(options: ResolveDatabaseOptions): Promise<Engine> {
  const { databaseUrl, ...embedded } = options;
  if (!databaseUrl) return await startEmbeddedEngine(embedded);
  if (/^postgres(ql)?:\/\//i.test(databaseUrl)) return await useGivenServer(databaseUrl);
  const scheme = /^[a-z][a-z+.-]*:/i.exec(databaseUrl)?.[0] ?? 'no scheme';
  throw new LivefoldError(
    'DATABASE_URL_INVALID',
    `DATABASE_URL must start with postgres:// (found ${scheme}). Leave it unset for a PostgreSQL of Livefold's own.`,
    { fields: { scheme } },
  );
}
