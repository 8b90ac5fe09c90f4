import { expect, test } from 'vitest';
import { createPostgresRebuilds } from '../../src/adapters/postgres/postgres-rebuilds.ts';
import { counted, labelled } from '../consumption/counters.ts';
import { type OpenCounters, openCounters } from '../consumption/open-counters.ts';
import { allTheTime, openOutdated, rebuild } from '../consumption/rebuild/rebuild-counters.ts';
import { eventually } from '../consumption/spread.ts';
import { LiveClient, type Watched } from './live-client.ts';

const watched = ({ running, backend: { models } }: OpenCounters): Watched => ({ running, models });
const today = { version: 2, step: 2 };

async function rowsOf(opened: OpenCounters) {
  return (await opened.rows()).map(({ position: _, ...row }) => row);
}

/** Waits until a client holds what the table has, and says it. */
async function holds(client: LiveClient, opened: OpenCounters): Promise<void> {
  const rows = await rowsOf(opened);
  await eventually(async () => expect(client.held.list()).toEqual(rows));
}

const kinds = ({ frames }: LiveClient) => frames.map(({ kind }) => kind);

test.for([
  ['async', {}],
  ['inline', { mode: 'inline' as const }],
] as const)(
  'who watches an %s projection in any process gets a new snapshot, though no event comes',
  async ([_, options]) => {
    await using opened = await openOutdated(options);
    await using other = await openCounters({ ...options, ...today, url: opened.url });
    await using serving = await openCounters({ ...options, ...today, url: opened.url });
    const clients = [opened, other, serving].map((one) => new LiveClient(watched(one)));
    await eventually(async () => expect(clients.map(kinds)).toEqual(clients.map(() => ['SNAPSHOT'])));
    await rebuild(opened, opened.counters);
    expect(await opened.rows()).toEqual(await opened.folded());
    for (const client of clients) await holds(client, opened);
    expect(clients.map(kinds)).toEqual(clients.map(() => ['SNAPSHOT', 'SNAPSHOT']));
    // And it goes on with deltas.
    await opened.append(labelled('c0', 'later'));
    await opened.settle();
    for (const client of clients) await holds(client, opened);
    expect(clients.map((client) => kinds(client).at(-1))).toEqual(['DELTA', 'DELTA', 'DELTA']);
    for (const client of clients) await client.disconnect();
  },
);

test('who resumes after an exchange gets a new snapshot, in a process that was there and in one that comes', async () => {
  await using opened = await openOutdated();
  const before = await Promise.all(
    [0, 1].map(async () => {
      const client = new LiveClient(watched(opened));
      await holds(client, opened);
      await client.disconnect();
      return client;
    }),
  );
  await rebuild(opened, opened.counters);
  await using fresh = await openCounters({ ...today, url: opened.url });
  const [here, there] = before;
  await here?.reconnect();
  await there?.reconnect(watched(fresh));
  for (const client of before) {
    await holds(client, opened);
    expect(kinds(client).at(-1)).toBe('SNAPSHOT');
    await client.disconnect();
  }
});

test('who watches while events come and tables are exchanged and put back ends with what the table has', async () => {
  await using opened = await openOutdated();
  await using other = await openCounters({ ...today, url: opened.url });
  await using first = new LiveClient(watched(opened));
  await using second = new LiveClient(watched(other), { total: { gt: 3 } });
  const rebuilds = createPostgresRebuilds(opened.backend.database);
  {
    await using _writing = allTheTime(async (round) => {
      await opened.append(counted(`c${round % 7}`));
    });
    await rebuild(opened, opened.counters);
    await rebuild(opened, opened.counters, { isForced: true });
    await rebuilds.rollBack(opened.counters);
  }
  await Promise.all([opened.settle(), other.settle()]);
  await eventually(async () => expect(await opened.rows()).toEqual(await opened.folded()));
  await holds(first, opened);
  const many = (await rowsOf(opened)).filter((row) => Number(row.total) > 3);
  await eventually(async () => expect(second.held.list()).toEqual(many));
});
