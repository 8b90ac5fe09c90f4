import { access } from 'node:fs/promises';
import type { TestProject } from 'vitest/node';
import { claimRun } from './test-run.ts';
import { startTestServer } from './test-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A database of the test server where test databases can be created. */
    readonly serverUrl: string;
    /** This run's number: its databases carry it in their names. */
    readonly testRun: number;
  }
}

/** One PostgreSQL for the whole run; each test file takes a database of its own from it. Returns the teardown. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestServer();
  const run = await claimRun(server.url);
  project.provide('serverUrl', server.url);
  project.provide('testRun', run.number);
  const before = await hasMasterKey();
  return async () => {
    await run.end();
    await server.stop();
    if (!before && (await hasMasterKey()))
      throw new Error(
        'A test has made .livefold/master-key in the working folder: give it a master key, or a data folder.',
      );
  };
}

async function hasMasterKey(): Promise<boolean> {
  return access('.livefold/master-key').then(
    () => true,
    () => false,
  );
}
