import { Orders } from '../../src/app/orders/orders-projection.ts';
import type { Finding } from '../../src/consumption/audit/finding.ts';
import { type Audit, verifyLog } from '../../src/consumption/audit/verify-log.ts';
import { EventRegistry } from '../../src/domain/event-registry.ts';
import { everything } from '../../src/domain/query.ts';
import { openStorage, type Storage } from '../../src/main/open-storage.ts';
import { backend } from '../backend/backend.ts';
import { Boards } from '../backend/projections.ts';
import type { LogWatcher } from '../clients/log-watcher.ts';
import type { RowWatcher } from '../clients/row-watcher.ts';
import type { Sent } from '../clients/writer.ts';
import { checkCommands } from './command-check.ts';
import { checkErrands } from './errand-check.ts';
import { checkFulfilment } from './fulfilment-check.ts';
import { checkLogWatcher, checkRowWatcher } from './subscriber-check.ts';

export type CheckOptions = {
  readonly databaseUrl: string;
  readonly masterKeys: string;
  readonly sent: readonly Sent[];
  readonly logWatchers: readonly LogWatcher[];
  readonly boards: RowWatcher;
  readonly orders: RowWatcher;
};

export type Checked = {
  readonly findings: readonly Finding[];
  readonly events: number;
  readonly timersFired: number;
};

/** Compares everything that anybody was told with what the database holds: the audit of `livefold verify`, and what it cannot know. */
export async function checkAll(options: CheckOptions): Promise<Checked> {
  const { databaseUrl, masterKeys, sent, logWatchers, boards, orders } = options;
  await using storage = await openStorage(backend, { databaseUrl, masterKeys });
  const events = await Array.fromAsync(storage.events.read(everything));
  const { findings } = await audit(storage);
  const { session } = storage.database;
  return {
    events: events.length,
    timersFired: events.filter(({ type }) => type === 'ErrandRang').length,
    findings: [
      ...findings,
      checkCommands(sent, events),
      ...checkErrands(events),
      checkFulfilment(events),
      ...logWatchers.map((watcher, index) => checkLogWatcher(`watcher ${index + 1}`, watcher, events)),
      checkRowWatcher(boards, await session.select().from(Boards.table)),
      checkRowWatcher(orders, await session.select().from(Orders.table)),
    ],
  };
}

async function audit(storage: Storage): Promise<Audit> {
  return verifyLog(
    {
      stored: storage.stored,
      decode: storage.mapper.decode,
      registry: new EventRegistry(backend.events),
      projections: backend.projections,
      models: storage.models,
      chain: await storage.chain.readLinks(),
    },
    { oneOf: 1 },
  );
}
