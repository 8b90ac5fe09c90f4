import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Executable } from '../../src/application/executable.ts';
import type { Execute } from '../../src/application/execute.ts';
import { Repository } from '../../src/application/repository.ts';
import { readAll, readStream, sampleEvents } from '../../src/consumption/contract/sample-events.ts';
import { decision } from '../../src/domain/decision.ts';
import { event } from '../../src/domain/event.ts';
import { fold } from '../../src/domain/fold.ts';
import { reject } from '../../src/domain/rejection.ts';
import { isLivefoldError } from '../../src/kernel/errors.ts';
import type { Receipt } from '../../src/persistence/event-store.ts';
import { openTestStore, type TestStore } from '../adapters/postgres/open-test-store.ts';
import { isLocked, until } from '../adapters/postgres/until.ts';
import { Account, registerCustomer } from '../domain/bank.ts';
import { executorOf } from './open-executor.ts';

let opened: TestStore;
/** Eight executors, each with a cache and a connection of its own, as eight processes have. */
let executors: readonly Execute[];

beforeAll(async () => {
  opened = await openTestStore();
  executors = Array.from({ length: 8 }, () => executorOf(opened.another()));
});
afterAll(() => opened[Symbol.asyncDispose]());

/** Runs so many at once, dealt out to the executors. */
function runAtOnce<T>(
  count: number,
  run: (execute: Execute, n: number) => Promise<T>,
): Promise<readonly T[]> {
  const work = Array.from({ length: count }, async (_, n) => {
    const execute = executors[n % executors.length];
    if (execute === undefined) throw new Error('there is no executor');
    return await run(execute, n);
  });
  return Promise.all(work);
}

/** The receipt, or the code or reason with which the command failed. */
async function receiptOrReason(executing: Promise<Receipt>): Promise<Receipt | string> {
  try {
    return await executing;
  } catch (error) {
    if (isLivefoldError(error)) return String(error.fields.reason ?? error.code);
    throw error;
  }
}

/** Sends a command until it is no longer in conflict. */
async function insist(execute: Execute, command: Executable): Promise<Receipt | string> {
  for (;;) {
    const outcome = await receiptOrReason(execute(command));
    if (outcome !== 'CONCURRENCY_CONFLICT') return outcome;
  }
}

test('sixteen writers of one aggregate in eight processes: every increment counts exactly once', async () => {
  await opened.store.head();
  await executors[0]?.(Account.commands.open('shared', {}));
  const outcomes = await runAtOnce(16, async (execute) => {
    for (let n = 0; n < 5; n += 1) await insist(execute, Account.commands.deposit('shared', { amount: 1 }));
  });
  expect(outcomes).toHaveLength(16);
  const stream = await readStream(opened.store, 'Account-shared');
  expect(stream.map(({ version }) => version)).toEqual(Array.from({ length: 81 }, (_, index) => index + 1));
  expect(await executors[0]?.(Account.commands.withdraw('shared', { amount: 80 }))).toMatchObject({
    version: 82,
  });
});

test('commands of one process on one aggregate take turns: none of 200 at once conflicts', async () => {
  const execute = executorOf(opened.store, { tries: 1 });
  await execute(Account.commands.open('busy', {}));
  await Promise.all(
    Array.from({ length: 200 }, () => execute(Account.commands.deposit('busy', { amount: 1 }))),
  );
  expect(await execute(Account.commands.withdraw('busy', { amount: 200 }))).toMatchObject({ version: 202 });
});

test('transfers between a few accounts in all directions at once: none is stuck, nothing is lost', async () => {
  const ids = ['ring-a', 'ring-b', 'ring-c'] as const;
  await executors[0]?.(
    ids.flatMap((id) => [Account.commands.open(id, {}), Account.commands.deposit(id, { amount: 100 })]),
  );
  const outcomes = await runAtOnce(60, (execute, n) => {
    const [from = '', to = ''] = [ids[n % 3], ids[(n + 1 + (n % 2)) % 3]];
    const transfer = [
      Account.commands.withdraw(from, { amount: 1 }),
      Account.commands.deposit(to, { amount: 1 }),
    ];
    return insist(execute, n % 4 === 0 ? transfer.toReversed() : transfer);
  });
  expect(outcomes.filter((outcome) => typeof outcome === 'string')).toEqual([]);
  const repository = new Repository(opened.store);
  const loaded = await Promise.all(ids.map((id) => repository.load(Account, id)));
  expect(loaded.reduce((sum, { state }) => sum + (state.status === 'open' ? state.balance : 0), 0)).toBe(300);
  expect(loaded.reduce((sum, { version }) => sum + version, 0)).toBe(6 + 120);
});

test('a command that joins a transaction waits for no turn, which would wait for its transaction', async () => {
  const execute = executorOf(opened.store);
  await execute(Account.commands.open('joined', {}));
  const { promise: appended, resolve } = Promise.withResolvers<void>();
  const joined = opened.database.session.transaction(async (transaction) => {
    await opened.store.append({ events: sampleEvents(1) }, { transaction });
    resolve();
    await until(() => isLocked(opened.database, 'wanted'));
    await execute(Account.commands.deposit('joined', { amount: 1 }), { transaction });
  });
  await appended;
  // Has its turn, and waits for the log.
  await execute(Account.commands.deposit('joined', { amount: 2 }));
  await joined;
  expect(await readStream(opened.store, 'Account-joined')).toHaveLength(3);
});

test('twenty sends of one command id at once: one append, nineteen duplicates with its receipt', async () => {
  await executors[0]?.(Account.commands.open('once', {}));
  const receipts = await runAtOnce(20, (execute) =>
    execute(Account.commands.deposit('once', { amount: 1 }), { commandId: 'once' }),
  );
  const [first] = receipts.filter(({ duplicate }) => !duplicate);
  expect(receipts.filter(({ duplicate }) => duplicate)).toEqual(
    Array.from({ length: 19 }, () => ({ ...first, duplicate: true })),
  );
  expect(await readStream(opened.store, 'Account-once')).toHaveLength(2);
});

test('one email address, thirty-two registrations at once: one customer', async () => {
  const outcomes = await runAtOnce(32, (execute, n) =>
    insist(execute, registerCustomer({ id: `racer-${n}`, email: 'race@example.org' })),
  );
  expect(outcomes.filter((outcome) => outcome === 'EMAIL_TAKEN')).toHaveLength(31);
  expect(await readAll(opened.store, { items: [{ tags: ['email:race@example.org'] }] })).toHaveLength(1);
});

const capacity = 5;
const mostCourses = 3;

const Enrolled = event('Enrolled', z.object({ course: z.string(), student: z.string() }), {
  tags: ({ course, student }) => [`course:${course}`, `student:${student}`],
});

type Enrolments = { readonly inCourse: number; readonly ofStudent: number; readonly isDouble: boolean };

const enrol = decision('enrol', {
  schema: z.object({ course: z.string(), student: z.string() }),
  query: ({ course, student }) => ({
    items: [
      { types: ['Enrolled'], tags: [`course:${course}`] },
      { types: ['Enrolled'], tags: [`student:${student}`] },
    ],
  }),
  state: ({ course, student }) =>
    fold<Enrolments>({ inCourse: 0, ofStudent: 0, isDouble: false }).on(Enrolled, (seen, { data }) => ({
      inCourse: seen.inCourse + Number(data.course === course),
      ofStudent: seen.ofStudent + Number(data.student === student),
      isDouble: seen.isDouble || (data.course === course && data.student === student),
    })),
  decide: ({ inCourse, ofStudent, isDouble }, input) => {
    if (isDouble) return reject('ENROLLED_ALREADY');
    if (inCourse >= capacity) return reject('COURSE_FULL');
    return ofStudent >= mostCourses ? reject('STUDENT_FULL') : Enrolled(input);
  },
  stream: ({ course }) => `Course-${course}`,
});

test('courses of five seats under 64 writers: none is overbooked, no student is in twice or in too many', async () => {
  const courses = ['a', 'b', 'c', 'd', 'e', 'f'];
  await runAtOnce(64, async (execute, n) => {
    for (const course of courses) await insist(execute, enrol({ course, student: `${n % 16}` }));
  });
  const enrolled = (await readAll(opened.store, { items: [{ types: ['Enrolled'] }] })).map(
    ({ tags }) => tags,
  );
  const sizes = (index: 0 | 1): readonly number[] =>
    [...Map.groupBy(enrolled, (tags) => tags[index]).values()].map((some) => some.length);
  expect(sizes(0)).toEqual(courses.map(() => capacity));
  expect(Math.max(...sizes(1))).toBeLessThanOrEqual(mostCourses);
  expect(new Set(enrolled.map(String)).size).toBe(enrolled.length);
});
