import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { createPostgresProjectionRecords } from '../../../src/adapters/postgres/postgres-projection-records.ts';
import type { Logger } from '../../../src/kernel/log.ts';
import { counted, createCountersDatabase, removed } from '../counters.ts';
import { openCounters } from '../open-counters.ts';
import { eventually } from '../spread.ts';
import { rebuild } from './rebuild-counters.ts';

/** A logger that keeps its warnings. */
function listening(): Logger & { readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const none = (): void => {};
  return {
    ...{ warnings, debug: none, info: none, error: none },
    warn: (_, message) => void warnings.push(message),
  };
}

async function definitionOf(opened: Awaited<ReturnType<typeof openCounters>>): Promise<unknown> {
  const [row] = await opened.session.execute(
    sql`select definition from livefold.tracking where consumer = 'counters'`,
  );
  return row?.definition;
}

test('a definition that changed is told at start and goes on; the first one is kept, also where none was', async () => {
  await using first = await openCounters();
  await first.append(counted('a'));
  await first.settle();
  expect(await definitionOf(first)).toBe(first.counters.fingerprint);
  await first.session.execute(sql`update livefold.tracking set definition = null`);
  await first.backend.stop();

  const quiet = listening();
  await using same = await openCounters({ url: first.url, logger: quiet });
  expect(await definitionOf(same)).toBe(first.counters.fingerprint);
  await eventually(async () => expect(same.running).toMatchObject({ status: 'LIVE', isOutdated: false }));
  expect(quiet.warnings).toEqual([]);
  await same.backend.stop();

  const logger = listening();
  await using changed = await openCounters({ url: first.url, version: 2, logger });
  expect(logger.warnings).toEqual([expect.stringContaining('livefold projections rebuild counters')]);
  await changed.append(counted('a'));
  await changed.settle();
  expect(await changed.rows()).toEqual([{ id: 'a', total: 2, label: null, position: 2 }]);
  await eventually(async () => expect(changed.running.isOutdated).toBe(true));
  expect(await definitionOf(changed)).toBe(first.counters.fingerprint);
});

test('several processes that begin a new projection at once all begin it', async () => {
  await using created = await createCountersDatabase();
  await using writer = await openCounters({ url: created.url });
  await writer.append(...Array.from({ length: 500 }, (_, index) => counted(`c${index}`)));
  await writer.settle();
  await writer.backend.stop();
  for (let round = 0; round < 3; round += 1) {
    const opened = await Promise.all([1, 2, 3].map(() => openCounters({ url: created.url })));
    for (const one of opened) {
      await one.settle();
      expect(one.running.lastError).toBeNull();
    }
    const [one] = opened;
    expect(await one?.rows()).toEqual(await one?.folded());
    await Promise.all(opened.slice(1).map(({ backend }) => backend.stop()));
    await one?.running.stop();
    await one?.session.execute(sql`truncate counters, livefold.tracking`);
    await one?.backend.stop();
  }
});

test('a projection under another name does not count twice: it stands still until it is given what was kept', async () => {
  await using before = await openCounters();
  await before.append(counted('a', 'b'), counted('a'));
  // A row that came and went within one batch would leave nothing.
  await before.settle();
  await before.append(removed('b'));
  await before.settle();
  const logger = listening();
  await using after = await openCounters({ url: before.url, name: 'amounts', logger });
  expect(logger.warnings).toEqual([
    expect.stringMatching(/"counters" is not defined any more.*rename counters NEW.*remove counters/),
  ]);
  await eventually(async () => expect(after.running.status).toBe('STOPPED'));
  expect(after.running.lastError).toMatch(/rename OLD amounts.*rebuild amounts/);
  const records = createPostgresProjectionRecords(after.backend.database);
  const renaming = () => records.rename('counters', 'amounts');
  await expect(renaming()).rejects.toMatchObject({ code: 'PROJECTION_IN_USE' });
  await expect(records.rename('accounts', 'amounts')).rejects.toMatchObject({ code: 'UNKNOWN_PROJECTION' });
  await before.backend.stop();
  await renaming();
  await after.append(counted('a'), counted('b'));
  await after.settle();
  expect(await after.rows()).toEqual(await after.folded());
  const removals = await after.session.execute(sql`select projection, key from livefold.tombstones`);
  expect([...removals]).toEqual([{ projection: 'amounts', key: 'b' }]);
  await expect(records.rename('amounts', 'counters')).rejects.toMatchObject({ code: 'PROJECTION_IN_USE' });
});

test('or until it is rebuilt; what was kept under the other name can be removed, and nothing else', async () => {
  await using before = await openCounters();
  await before.append(counted('a', 'b'), removed('b'));
  await before.settle();
  const records = createPostgresProjectionRecords(before.backend.database);
  await expect(records.remove('counters')).rejects.toMatchObject({ code: 'PROJECTION_IN_USE' });
  await before.backend.stop();
  await using after = await openCounters({ url: before.url, name: 'amounts' });
  const mine = createPostgresProjectionRecords(after.backend.database);
  await eventually(async () => expect(after.running.status).toBe('STOPPED'));
  await rebuild(after, after.counters);
  await after.append(counted('c'));
  await after.settle();
  expect(await after.rows()).toEqual(await after.folded());
  await mine.remove('counters');
  const kept = await after.session.execute(
    sql`select consumer from livefold.tracking union select projection from livefold.tombstones order by 1`,
  );
  expect(kept.map(({ consumer }) => consumer)).toEqual(['amounts', 'amounts@old']);
  await expect(mine.remove('counters')).rejects.toMatchObject({ code: 'UNKNOWN_PROJECTION' });
});

test('an inline projection under another name takes no append before that', async () => {
  await using before = await openCounters({ mode: 'inline' });
  await before.append(counted('a'));
  await before.backend.stop();
  await using after = await openCounters({ url: before.url, name: 'amounts', mode: 'inline' });
  await expect(after.append(counted('a'))).rejects.toMatchObject({
    code: 'PROJECTION_STOPPED',
    message: expect.stringMatching(/rename OLD amounts/),
  });
  await createPostgresProjectionRecords(after.backend.database).rename('counters', 'amounts');
  await after.append(counted('a'));
  expect(await after.rows()).toEqual(await after.folded());
});
