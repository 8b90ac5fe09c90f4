import type { BackendDefinition } from '../graphql/backend-definition.ts';
import type { KeyStore } from '../persistence/key-store.ts';
import { checkMasterKeys, hasKeys } from '../persistence/mapper/check-master-keys.ts';
import { type MasterKeys, parseMasterKeys } from '../persistence/mapper/master-keys.ts';
import { makeMasterKeysFile, readMasterKeysFile } from './master-keys-file.ts';

export type MasterKeysOptions = {
  readonly masterKeys?: string | undefined;
  readonly dataDirectory: string;
  readonly encrypt?: boolean;
  readonly store: KeyStore;
};

/** Whether a backend seals anything: the data of all events, or what they say of persons. */
export function sealsData(
  { events }: BackendDefinition,
  { encrypt = false }: { readonly encrypt?: boolean },
) {
  return encrypt || events.some(({ isPersonal }) => isPersonal);
}

/**
 * The master keys of a backend: those given, else those of its data folder; none where nothing is sealed. They are tried at
 * once, not when the first of a million events cannot be read.
 *
 * @throws LivefoldError `INVALID_MASTER_KEY`, `MASTER_KEY_FILE`, `WRONG_MASTER_KEY`
 */
export async function openMasterKeys(
  definition: BackendDefinition,
  options: MasterKeysOptions,
): Promise<MasterKeys | undefined> {
  const { masterKeys, dataDirectory, store } = options;
  const known =
    masterKeys === undefined ? await readMasterKeysFile(dataDirectory) : parseMasterKeys(masterKeys);
  if (known === undefined && !(await hasKeys(store)))
    return sealsData(definition, options) ? makeMasterKeysFile(dataDirectory) : undefined;
  // A new one would not be that of the keys there are; but another process may have made both just now, the file first.
  const found = known ?? (await readMasterKeysFile(dataDirectory));
  await checkMasterKeys(store, found ?? []);
  return found;
}
