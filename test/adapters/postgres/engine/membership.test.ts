import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Cluster } from '../../../../src/adapters/postgres/engine/cluster.ts';
import { joinServer } from '../../../../src/adapters/postgres/engine/membership.ts';
import { serve } from '../serve.ts';

test('a program on the port that hangs up on everybody is not our server', async () => {
  await using program = await serve('postgres://127.0.0.1:1/none', (client) => client.end());
  const folder = await mkdtemp(join(tmpdir(), 'livefold-membership-'));
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'password'), 'secret');
  const cluster: Cluster = { folder, binaries: { folder }, user: undefined };
  expect(await joinServer(cluster, Number(new URL(program.url).port))).toBeUndefined();
  await rm(folder, { recursive: true });
});
