import type { ContractCase } from './contract-case.ts';

/** The two functions of a test framework that a suite needs: those of vitest, Jest, Bun or `node:test`. */
export type TestFramework = {
  readonly describe: (name: string, body: () => void) => unknown;
  /** A case may take so many milliseconds. `node:test` has no limit and takes no third argument. */
  readonly test: (name: string, body: () => Promise<void>, timeout: number) => unknown;
};

/** What a case is run on: its own subject, empty, and how to get rid of it. */
export type OpenedSubject<Subject> = AsyncDisposable & {
  readonly subject: Subject;
  another(): Promise<Subject>;
};

/** The longest case stores 100,000 events and reads them twice in tens: half a minute on a slow database. */
const longestCase = 180_000;

/** Makes a test of each case. */
export function runCases<Subject>(
  name: string,
  groups: Readonly<Record<string, readonly ContractCase<Subject>[]>>,
  open: () => Promise<OpenedSubject<Subject>>,
  { describe, test }: TestFramework,
): void {
  for (const [group, cases] of Object.entries(groups)) {
    describe(`${name}: ${group}`, () => {
      for (const { name: sentence, run } of cases) {
        test(
          sentence,
          async () => {
            await using opened = await open();
            await run(opened.subject, () => opened.another());
          },
          longestCase,
        );
      }
    });
  }
}
