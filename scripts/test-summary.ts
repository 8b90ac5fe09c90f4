/**
 * Prints the one line `N passed, N failed, N skipped`: `node scripts/test-summary.ts REPORT EXIT_CODE`, with vitest's
 * JSON report and exit code. Fails when a test failed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const Report = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.unknown()) })),
});

const [report = '', exitCode] = process.argv.slice(2);
const counted = existsSync(report) ? count(report) : { passed: 0, failed: 0, skipped: 0 };
// The report says nothing of an error outside any test, nor of a run that never began; the exit code does.
const failed = counted.failed === 0 && exitCode !== '0' ? 1 : counted.failed;
console.log(`${counted.passed} passed, ${failed} failed, ${counted.skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;

function count(path: string) {
  const run = Report.parse(JSON.parse(readFileSync(path, 'utf8')));
  // A test file that cannot be loaded has no tests to fail: it counts as one.
  const unloadable = run.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  return {
    passed: run.numPassedTests,
    failed: run.numFailedTests + unloadable.length,
    skipped: run.numPendingTests + run.numTodoTests,
  };
}
