import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { rebuildProjection } from '../../../src/consumption/rebuild/rebuild-projection.ts';
import type { StoredEvent } from '../../../src/domain/event.ts';
import { everything } from '../../../src/domain/query.ts';
import { buildBackendSchema } from '../../../src/graphql/build-schema.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import { openStorage, type Storage } from '../../../src/main/open-storage.ts';
import { masterKeys } from '../../cli/run-livefold.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { checkTold } from './check-told.ts';
import { canResume, type LiveField, liveFields } from './live-fields.ts';
import { backend } from './live-shop.ts';
import { Storm } from './storm.ts';
import { type Client, type TransportKind, transports } from './transports.ts';
import { Watcher } from './watcher.ts';
import { openShop, writeRound } from './write-orders.ts';

/** `RESUME_SEED` repeats a storm, as far as the machine lets it. */
const seed = Number(process.env.RESUME_SEED ?? Math.floor(Math.random() * 1_000_000));
const said = `RESUME_SEED=${seed}`;
const waiting = { timeout: 15_000, interval: 20 };
/** Everything that was told is looked at each time. */
const waitingForAll = { timeout: 60_000, interval: 300 };

type Watched = {
  readonly field: LiveField;
  readonly kind: TransportKind;
  readonly watcher: Watcher;
};

let created: TestDatabase;
let storage: Storage;
let storm: Storm;
const clients: Client[] = [];
const watched = new Map<string, Watched>();
/** How often each transport connected. */
const connections = new Map<string, number>();

const nameOf = (transport: string, name: string): string => `${name} over ${transport}`;
const readLog = (): Promise<readonly StoredEvent[]> => Array.fromAsync(storage.events.read(everything));

test('each field of Subscription is watched', () => {
  const fields = buildBackendSchema(backend).getSubscriptionType()?.getFields() ?? {};
  const names = new Set(Object.values(liveFields).map(({ field }) => field));
  expect([...names].sort()).toEqual(Object.keys(fields).sort());
});

/**
 * Clients of every kind watch every field on bad lines, while orders come and go: first until all have heard of everything, then while one
 * server after the other is killed and comes back. A client that lost its connection takes the other server.
 */
beforeAll(async () => {
  created = await createTestDatabase(backend.migrations);
  storage = await openStorage(backend, { databaseUrl: created.url, masterKeys });
  storm = await Storm.begin(created.url, seed);
  await openShop(storm);
  storm.blow();
  for (const [transport, kind] of Object.entries(transports)) watchAll(transport, kind);
  await write('first', 4);
  await allHeard();
  const writing = write('killed', 12);
  await storm.kill(0);
  await storm.kill(1);
  await writing;
  storm.calm();
  // Who has heard of this has come back: from now on nobody resumes, and is told once more what it may have.
  await write('calm', 1);
  await allHeard();
}, 240_000);

afterAll(async () => {
  await Promise.all([...watched.values()].map(({ watcher }) => watcher.stop()));
  for (const { close } of clients) await close();
  await storm?.[Symbol.asyncDispose]();
  await storage?.[Symbol.asyncDispose]();
  await created?.drop();
});

function watchAll(transport: string, kind: TransportKind): void {
  const client = kind.connect(() => {
    const next = storm.takeTurns();
    return () => {
      connections.set(transport, (connections.get(transport) ?? 0) + 1);
      return next();
    };
  });
  clients.push(client);
  for (const [name, field] of Object.entries(liveFields))
    watched.set(nameOf(transport, name), { field, kind, watcher: new Watcher(field, client, { kind }) });
}

async function write(name: string, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) await writeRound(storm, `${name}-${round}`);
}

/** Nothing is written any more: everybody comes to have heard of everything, and of nothing else. */
async function allHeard(): Promise<void> {
  await vi.waitFor(async () => {
    const log = await readLog();
    expect(wrong(log), said).toEqual({});
  }, waitingForAll);
}

function wrong(log: readonly StoredEvent[]): Readonly<Record<string, readonly string[]>> {
  const faults = [...watched].map(([name, { field, kind, watcher }]) => {
    const { told, errors } = watcher;
    const found = checkTold(field, { told, log, folds: kind.folds });
    return [name, [...errors.map((error) => JSON.stringify(error)), ...found]] as const;
  });
  return Object.fromEntries(faults.filter(([, found]) => found.length > 0));
}

/** What a new client is told first that begins behind a position, and the errors that it gets instead. */
async function resume(kind: TransportKind, field: LiveField, start: string) {
  const client = kind.connect(() => storm.takeTurns());
  const watcher = new Watcher(field, client, { kind, start });
  try {
    await vi.waitFor(() => {
      const met = `${said}, and it met ${JSON.stringify(watcher.temporary)}`;
      expect(watcher.told.length + watcher.errors.length, met).toBeGreaterThan(0);
    }, waiting);
  } finally {
    await watcher.stop();
    await client.close();
  }
  const { told, errors } = watcher;
  return { told: told.slice(0, 1), errors: errors.slice(0, 1) };
}

const rowFields = Object.entries(liveFields).filter(([, { kind }]) => kind === 'rows');
const resumable = Object.entries(liveFields).filter(([, field]) => canResume(field));

describe.each(Object.entries(transports))('over %s', (transport, kind) => {
  test('connections broke, and were made again', () => {
    expect(connections.get(transport)).toBeGreaterThan(4);
    expect(storm.broken, said).toBeGreaterThan(20);
  });

  test.each(Object.entries(liveFields))(
    '%s: what is delivered is what was committed',
    async (name, field) => {
      const { told = [], errors } = watched.get(nameOf(transport, name))?.watcher ?? {};
      expect(errors, said).toEqual([]);
      expect(checkTold(field, { told, log: await readLog(), folds: kind.folds }), said).toEqual([]);
    },
  );

  test.each(resumable)('%s: who says that it has seen what nobody can have is refused', async (_, field) => {
    expect(await resume(kind, field, '1000000')).toMatchObject({
      told: [],
      errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });
});

describe('when a table is exchanged', () => {
  const positions = new Map<string, number>();
  let cursor: string;
  let log: readonly StoredEvent[];

  beforeAll(async () => {
    log = await readLog();
    // When an order had been paid, which was shipped soon: at other moments the paid ones can be none, as in the end.
    const paid = log.filter(({ type }) => type === 'OrderPaid');
    cursor = String(paid[Math.floor(paid.length / 2)]?.position);
    for (const [name, { watcher }] of watched) positions.set(name, watcher.told.length);
  });

  test.each(rowFields)('%s: before it, a cursor from long ago is good for a DELTA', async (_, field) => {
    const { told } = await resume(transports['a WebSocket'] ?? raise(), field, cursor);
    expect(told).toMatchObject([{ value: { kind: 'DELTA' } }]);
  });

  test('all tables are', async () => {
    for (const projection of backend.projections) {
      const { isExchanged } = await rebuildProjection(projection, {
        ...{ rebuilds: storage.rebuilds, log: storage.log, models: storage.models, store: storage.leases },
        ...{ news: storage.wakeUp.news, name: hostname(), logger: silentLogger },
        ...{ projections: backend.projections, isForced: true, signal: new AbortController().signal },
        onProgress: () => {},
      });
      expect(isExchanged).toBe(true);
    }
  });

  describe.each(Object.entries(transports))('over %s', (transport, kind) => {
    test.each(rowFields)('%s: who watches gets a new SNAPSHOT', async (name, field) => {
      const { told = [] } = watched.get(nameOf(transport, name))?.watcher ?? {};
      await vi.waitFor(() => {
        const since = told.slice(positions.get(nameOf(transport, name)));
        expect(since.length, said).toBeGreaterThan(0);
        expect(since[0]).toMatchObject({ value: { kind: 'SNAPSHOT' } });
        expect(checkTold(field, { told: since, log, folds: kind.folds }), said).toEqual([]);
      }, waiting);
    });

    test.each(rowFields)('%s: who comes with a cursor of the old table gets a SNAPSHOT', async (_, field) => {
      const { told, errors } = await resume(kind, field, cursor);
      expect(errors).toEqual([]);
      expect(told).toMatchObject([{ value: { kind: 'SNAPSHOT' } }]);
      expect(checkTold(field, { told, log, folds: kind.folds }), said).toEqual([]);
    });
  });
});

function raise(): never {
  throw new Error('There is no such transport.');
}
