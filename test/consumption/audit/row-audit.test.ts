import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { counted, countersProjection, labelled, removed } from '../counters.ts';
import { moody, parkedOf, waitUntilFree, withoutRetries } from '../moods.ts';
import { type OpenCounters, openCounters } from '../open-counters.ts';
import { auditCounters, faultsOf } from './audit-counters.ts';

/** Writes until `stop` is called: hot counters that change with every event, some that come and go, new ones. */
function keepWriting({ append }: OpenCounters): AsyncDisposable & { stop(): Promise<void> } {
  let isWriting = true;
  const writing = [0, 1].map(async (writer) => {
    for (let n = 0; isWriting; n += 1) {
      const batch = Array.from({ length: 20 }, (_, index) => counted('hot', `c${(n + index) % 30}`));
      await append(...batch, counted(`new ${writer} ${n}`), removed(`c${n % 30}`), labelled('hot', `${n}`));
    }
  });
  const stop = async (): Promise<void> => {
    isWriting = false;
    await Promise.all(writing);
  };
  return { stop, [Symbol.asyncDispose]: stop };
}

test('rows are compared while they change with every event, without a false alarm', async () => {
  await using opened = await openCounters();
  await using writer = keepWriting(opened);
  const moments: number[] = [];
  for (let n = 0; n < 12; n += 1) {
    const audit = await auditCounters(opened);
    expect(faultsOf(audit)).toEqual([]);
    moments.push(audit.position);
  }
  await writer.stop();
  // It did go on meanwhile.
  expect(new Set(moments).size).toBeGreaterThan(6);
  await opened.settle();
  expect(faultsOf(await auditCounters(opened))).toEqual([]);
});

test('a row that is wrong is found while others change', async () => {
  await using opened = await openCounters();
  await opened.append(counted('still'), counted('gone'), counted('hot'));
  await opened.settle();
  await using writer = keepWriting(opened);
  await opened.session.execute(sql`update counters set total = 7 where id = 'still'`);
  await opened.session.execute(sql`delete from counters where id = 'gone'`);
  await opened.session.execute(sql`insert into counters values ('stray', 1, null, 1)`);
  const audit = await auditCounters(opened);
  await writer.stop();
  const [rows, ...others] = faultsOf(audit);
  expect(others).toEqual([]);
  expect([...(rows?.examples ?? [])].sort()).toEqual([
    'the row "gone" is missing',
    'the row "still" differs in total',
    'the row "stray" should not be there',
  ]);
});

test('a row that says a position of the future is wrong, whatever else it says', async () => {
  await using opened = await openCounters();
  await opened.append(counted('a'), counted('b'));
  await opened.settle();
  await opened.session.execute(sql`update counters set position = 99 where id = 'a'`);
  expect(faultsOf(await auditCounters(opened))).toMatchObject([
    { check: 'rows of counters', examples: ['the row "a" differs in position'] },
  ]);
});

test('a table that is behind the log is compared with the log as far as it came', async () => {
  await using opened = await openCounters();
  await opened.append(counted('a'));
  await opened.settle();
  await opened.backend.stop();
  await using again = await openCounters({ url: opened.url });
  await again.backend.projections.get('counters')?.stop();
  await again.append(counted('a', 'b'));
  const audit = await auditCounters(again);
  expect(faultsOf(audit)).toEqual([]);
  expect(audit.findings.at(-1)).toMatchObject({ check: 'rows of counters', checked: 1 });
});

test('progress is told, and an audit is stopped by its signal', async () => {
  await using opened = await openCounters();
  await opened.append(...Array.from({ length: 2_500 }, (_, n) => counted(`c${n}`)));
  await opened.settle();
  const told: unknown[] = [];
  await auditCounters(opened, { onProgress: (step) => told.push(step) });
  expect(told).toContainEqual({ position: 1_000, head: 2_500 });
  expect(told.at(-1)).toEqual({ projection: 'counters', rows: 2_500 });
  const stopping = new AbortController();
  const stopped = auditCounters(opened, {
    onProgress: () => stopping.abort(),
    signal: stopping.signal,
  });
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
});

test('a fold that throws ends the comparison of its table, and says at which event', async () => {
  await using opened = await openCounters();
  await opened.append(counted('a'), counted('b'));
  await opened.settle();
  const handler = opened.counters.handlerOf('Counted');
  const fold = (): never => {
    throw new RangeError('too much');
  };
  const { name, keyField } = opened.counters;
  const counters = Object.create(opened.counters, {
    ...{ name: { value: name }, keyField: { value: keyField }, isSql: { value: false } },
    handlerOf: { value: () => ({ ...handler, fold }) },
  });
  expect(faultsOf(await auditCounters({ ...opened, counters }))).toMatchObject([
    { check: 'rows of counters', faults: 1, examples: ['position 1 cannot be folded: RangeError: too much'] },
  ]);
});

test('rows that something is kept back of are counted, not compared; those that were freed and skipped are right', async () => {
  const { bad, onFold } = moody();
  for (const one of ['1 a', '2 b', '2 c']) bad.add(one);
  await using opened = await openCounters({ onFold });
  await withoutRetries(opened);
  await opened.append(counted('a', 'b', 'c', 'd'), counted('a', 'b', 'c', 'd'), counted('c'));
  await opened.settle();
  bad.delete('2 b');
  await opened.backend.models.parked.ask('counters', 'retry', 'b');
  await opened.backend.models.parked.ask('counters', 'skip', 'c');
  await expect
    .poll(async () => (await parkedOf(opened)).map(({ key }) => key), { timeout: 20_000 })
    .toEqual(['a']);
  const healthy = { ...opened, counters: countersProjection() };
  const audit = await auditCounters(healthy);
  expect(faultsOf(audit)).toEqual([]);
  expect(audit.findings.at(-1)).toMatchObject({ check: 'rows of counters', checked: 3, parked: 1 });
  await opened.session.execute(sql`update counters set total = 9 where id = 'c'`);
  expect(faultsOf(await auditCounters(healthy))).toMatchObject([
    { examples: ['the row "c" differs in total'] },
  ]);
});

test('rows are compared without a false alarm while keys are parked and freed', async () => {
  const bad = new Set<string>();
  const onFold = (_: unknown, key: string) => {
    if (bad.has(key)) throw new Error('bad');
    return undefined;
  };
  await using opened = await openCounters({ onFold });
  await using writer = keepWriting(opened);
  const healthy = { ...opened, counters: countersProjection() };
  for (let n = 0; n < 8; n += 1) {
    for (const key of ['hot', 'c1', 'c2', 'c3']) bad.add(key);
    await expect.poll(() => opened.backend.models.parked.count('counters'), { timeout: 20_000 }).toBe(4);
    bad.clear();
    await opened.backend.models.parked.ask('counters', 'retry');
    expect(faultsOf(await auditCounters(healthy))).toEqual([]);
  }
  await writer.stop();
  await opened.settle();
  await waitUntilFree(opened);
  expect(faultsOf(await auditCounters(healthy))).toEqual([]);
});
