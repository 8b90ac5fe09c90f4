import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { LivefoldError } from '../kernel/errors.ts';
import { parseMasterKeys } from '../persistence/mapper/master-keys.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { sealsData } from './open-master-keys.ts';

/**
 * Reads the environment for a backend. In production the master keys have to be given: a file in a data folder that is gone
 * with its container would leave data behind that nobody can read.
 *
 * @throws LivefoldError `INVALID_ENVIRONMENT`, `INVALID_MASTER_KEY`, `KEYS_MISSING`
 */
export function readBackendEnvironment(definition: BackendDefinition, env: NodeJS.ProcessEnv): Environment {
  const environment = readEnvironment(env);
  const { storage, isProduction } = environment;
  if (storage.masterKeys !== undefined) parseMasterKeys(storage.masterKeys, 'LIVEFOLD_KEYS');
  else if (isProduction && sealsData(definition, storage))
    throw new LivefoldError(
      'KEYS_MISSING',
      `The backend "${definition.name}" stores encrypted data, and in production the master keys are given: set LIVEFOLD_KEYS to what \`livefold keys create\` prints, and keep a copy where your secrets are. A database that was used before keeps the key of the file master-key in ${storage.dataDirectory}: set that one.`,
    );
  return environment;
}
