import { expect, test } from 'vitest';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createPostgresEventStore } from '../../src/adapters/postgres/postgres-event-store.ts';
import { Session } from '../../src/graphql/auth/session.ts';
import { diffField, readRowAsOf } from '../../src/graphql/history-fields.ts';
import { byId, counted, createCountersDatabase } from '../consumption/counters.ts';
import { openCounters } from '../consumption/open-counters.ts';

test('the past of a projection that began late, and takes tagged events alone, is that of its table too', async () => {
  await using created = await createCountersDatabase();
  const tagged = (...counters: readonly string[]) => ({ ...counted(...counters), tags: ['team:1'] });
  const database = openDatabase(created.url, { connections: 1 });
  const early = [tagged('a'), tagged('a', 'b')];
  await createPostgresEventStore({ database }).append({ events: early });
  await database.close();

  await using open = await openCounters({ url: created.url, startAt: 'end', tags: ['team:1'] });
  await open.append(counted('b'), tagged('b'), counted('b'), tagged('a', 'c'));
  await open.settle();
  const { backend, counters } = open;
  // Two of its events are what is folded.
  const were = await backend.past.rows(counters, { at: 6, mostEvents: 2 });
  expect([...were.values()].sort(byId)).toEqual(await open.rows());
  expect(were.get('a')).toMatchObject({ total: 1 });

  const history = { stream: () => 'Counters' };
  const row = (version: number) =>
    readRowAsOf({ backend, session: new Session() }, counters, { ...history, key: 'a', asOf: { version } });
  // A version is one of the stream, whose first events the projection never saw.
  expect(await Promise.all([1, 2, 5].map(row))).toEqual([null, null, null]);
  expect(await row(6)).toEqual((await open.rows()).find(({ id }) => id === 'a'));
  const { changes } = await diffField(counters, history)(
    undefined,
    { id: 'b', from: { version: 3 }, to: { position: 6 } },
    {
      backend,
      session: new Session(),
      correlationId: '',
      resumeAfter: null,
      signal: new AbortController().signal,
    },
  );
  expect(changes).toContainEqual({ field: 'total', from: null, to: 1 });
});
