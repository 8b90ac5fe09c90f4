import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeMasterKeysFile, readMasterKeysFile } from '../../src/main/master-keys-file.ts';
import { openMasterKeys } from '../../src/main/open-master-keys.ts';
import { createMasterKey, parseMasterKeys } from '../../src/persistence/mapper/master-keys.ts';
import { createWrappedKey } from '../../src/persistence/mapper/sealing-key.ts';
import { members } from '../app/erasure/members.ts';
import { StoredKeys } from '../persistence/mapper/stored-keys.ts';
import { Program } from '../support/program.ts';
import { createTestFolder, type TestFolder } from '../support/test-folder.ts';

let folder: TestFolder;
beforeEach(async () => {
  folder = await createTestFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

const inFolder = (...names: readonly string[]): string => join(folder.path, ...names);
const wrapped = () => createWrappedKey('member:ada', parseMasterKeys(createMasterKey('mine'))[0]);

test('the file is made where there is none, for its owner alone, and found again', async () => {
  const data = inFolder('a', 'b');
  expect(await readMasterKeysFile(data)).toBeUndefined();
  const [made] = await makeMasterKeysFile(data);
  expect((await stat(join(data, 'master-key'))).mode & 0o777).toBe(0o600);
  const [found] = (await readMasterKeysFile(data)) ?? [];
  expect(found?.secret.equals(made.secret)).toBe(true);
  expect(await readdir(data)).toEqual(['master-key']);
});

test('all who make it at once have the same key, in one program or several', async () => {
  const module = pathToFileURL(join(import.meta.dirname, '../../src/main/master-keys-file.ts')).href;
  const script = `const { makeMasterKeysFile } = await import(${JSON.stringify(module)});
    const keys = await Promise.all(Array.from({ length: 20 }, () => makeMasterKeysFile(${JSON.stringify(folder.path)})));
    console.log(keys.map(([{ id, secret }]) => id + secret.export().toString('hex')).join());`;
  const programs = Array.from({ length: 4 }, async () => {
    await using program = new Program(['--input-type=module', '--eval', script], { env: {} });
    expect(await program.ended).toEqual({ code: 0, signal: null });
    return program.output.trim().split(',');
  });
  const keys = (await Promise.all(programs)).flat();
  expect(keys).toHaveLength(80);
  expect(new Set(keys).size).toBe(1);
  expect(await readdir(folder.path)).toEqual(['master-key']);
});

test('a file that is damaged is an error that names it and does not show it', async () => {
  const [id, secret = ''] = createMasterKey('mine').split(':');
  for (const text of [`${id}:${secret.slice(1)}`, secret, `${secret.replace('=', '')}:${id}`, '']) {
    await writeFile(inFolder('master-key'), text);
    const error = await readMasterKeysFile(folder.path).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'INVALID_MASTER_KEY' });
    expect(String(error)).toContain(inFolder('master-key'));
    expect(String(error)).not.toContain(secret.slice(5, 30));
  }
});

test('a file that cannot be read or made is an error that says what to do', async () => {
  await mkdir(inFolder('master-key'));
  const unreadable = expect.objectContaining({
    code: 'MASTER_KEY_FILE',
    message: expect.stringContaining('LIVEFOLD_KEYS'),
  });
  await expect(readMasterKeysFile(folder.path)).rejects.toEqual(unreadable);
  await writeFile(inFolder('taken'), '');
  await expect(makeMasterKeysFile(inFolder('taken'))).rejects.toEqual(unreadable);
});

test('a key is made for who needs one, and not for a database that has keys', async () => {
  const dataDirectory = folder.path;
  const nothing = { ...members, events: [] };
  expect(await openMasterKeys(nothing, { dataDirectory, store: new StoredKeys() })).toBeUndefined();
  expect(await readdir(dataDirectory)).toEqual([]);

  const used = new StoredKeys();
  await used.addKeys([wrapped()]);
  for (const definition of [members, nothing])
    await expect(openMasterKeys(definition, { dataDirectory, store: used })).rejects.toMatchObject({
      code: 'WRONG_MASTER_KEY',
      fields: { masterId: 'mine' },
    });
  expect(await readdir(dataDirectory)).toEqual([]);

  const made = await openMasterKeys(members, { dataDirectory, store: new StoredKeys() });
  expect(made).toHaveLength(1);
  expect(await openMasterKeys(nothing, { dataDirectory, store: new StoredKeys() })).toEqual(made);
});

test('a key that another program makes meanwhile is taken', async () => {
  const store = new StoredKeys();
  store.listKeys = async () => {
    const [made] = await makeMasterKeysFile(folder.path);
    return [createWrappedKey('member:ada', made)];
  };
  expect(await openMasterKeys(members, { dataDirectory: folder.path, store })).toHaveLength(1);
  expect(await readFile(inFolder('master-key'), 'utf8')).toMatch(/^[\w.-]+:\S{44}\n$/);
});
