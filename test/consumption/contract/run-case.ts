import { expect } from 'vitest';
import type { TestFramework } from '../../../src/consumption/contract/run-cases.ts';

/** Runs the one case of a suite that says this sentence. */
export async function runCase(sentence: string, suite: (framework: TestFramework) => void): Promise<void> {
  const cases = new Map<string, () => Promise<void>>();
  suite({ describe: (_, body) => body(), test: (name, body) => cases.set(name, body) });
  const run = cases.get(sentence) ?? expect.fail(`There is no case "${sentence}".`);
  await run();
}
