import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { shop } from '../../src/app/shop.ts';
import { cli, masterKeys } from '../cli/run-livefold.ts';
import { createTestDatabase } from '../support/database.ts';
import { ServedProgram } from '../support/served-program.ts';
import { createTestFolder } from '../support/test-folder.ts';

const shopFile = join(import.meta.dirname, '../../src/app/shop.ts');

test('a program ends though its backend has left something open', async () => {
  const database = await createTestDatabase(shop.migrations);
  onTestFinished(() => database.drop());
  await using folder = await createTestFolder();
  const backend = join(folder.path, 'backend.ts');
  await writeFile(
    backend,
    `setInterval(() => {}, 1_000);\nexport { shop as backend } from ${JSON.stringify(shopFile)};\n`,
  );
  await using program = await ServedProgram.start([cli, '--backend', backend, 'start'], {
    env: { DATABASE_URL: database.url, LIVEFOLD_KEYS: masterKeys, PORT: '0' },
  });
  expect(await program.end('SIGTERM')).toEqual({ code: 0, signal: null });
}, 20_000);
