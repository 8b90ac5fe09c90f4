import type { Finding } from '../src/consumption/audit/finding.ts';
import { sleep } from '../src/kernel/async.ts';
import { createRandom } from '../src/kernel/random.ts';
import { createMasterKey } from '../src/persistence/mapper/master-keys.ts';
import { createTables } from './backend/create-tables.ts';
import { illLuck } from './backend/ill-luck.ts';
import { checkAll } from './checks/check-all.ts';
import { LogWatcher } from './clients/log-watcher.ts';
import { RowWatcher } from './clients/row-watcher.ts';
import { openPlay, type Sent, write } from './clients/writer.ts';
import { countAnswers } from './count-answers.ts';
import { DatabaseServer } from './faults/database-server.ts';
import { type Inflicted, inflict } from './faults/inflict.ts';
import { planFaults } from './faults/plan-faults.ts';
import { SupervisedServer } from './faults/supervised-server.ts';
import { settle } from './settle.ts';

export type ChaosOptions = {
  readonly seed: number;
  /** How long things go wrong, in milliseconds; what comes of it takes a while more. */
  readonly duration: number;
  /** So many commands are sent at least, however slow the machine is. */
  readonly leastCommands?: number;
  readonly servers: number;
  readonly writers: number;
  /** Where PostgreSQL keeps its files, and what the servers wrote is put when something is wrong. */
  readonly folder: string;
  readonly onProgress: (line: string) => void;
};

/** What was done and how often, and what was found wrong. */
export type ChaosReport = {
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  /** Everything wrong, in words; empty when all is well. */
  readonly faults: readonly string[];
};

/** So long, in milliseconds, clients wait for answers and consumers for their work once nothing goes wrong any more. */
const patience = 120_000;

/**
 * Runs servers, writers and subscribers of the chaos backend, lets things go wrong, waits until all is quiet, and compares what
 * everybody was told with what the database holds.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, duration, folder, leastCommands = 0, onProgress } = options;
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await DatabaseServer.start(folder));
  await createTables(database.sql);
  const masterKeys = createMasterKey();
  const env = {
    ...{ DATABASE_URL: database.url, LIVEFOLD_KEYS: masterKeys, LIVEFOLD_CHAIN: 'true', LOG_LEVEL: 'warn' },
    LIVEFOLD_DATA: folder,
  };
  const servers = await Promise.all(
    Array.from({ length: options.servers }, () => SupervisedServer.start(env)),
  );
  const stopServers = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  stack.defer(stopServers);

  const controllers = [
    new AbortController(),
    new AbortController(),
    new AbortController(),
    new AbortController(),
  ] as const;
  const [writing, waiting, watching, hurting] = controllers;
  stack.defer(() => {
    for (const controller of controllers) controller.abort();
  });
  const sent: Sent[] = [];
  const writerOptions = {
    ...{ servers, seed, signal: writing.signal, deadline: waiting.signal },
    onSent: (one: Sent) => void sent.push(one),
  };
  await allUp(servers, folder);
  await openPlay(writerOptions);

  const logWatchers = [new LogWatcher(), new LogWatcher()] as const;
  const boards = new RowWatcher('boards', 'id marks trail');
  const orders = new RowWatcher('orders', 'id status total');
  const connect = (transport: 'WebSocket' | 'SSE', number: number) => ({
    ...{ servers, transport, signal: watching.signal, random: createRandom(seed + number) },
  });
  const watchers = [
    logWatchers[0].watch(connect('WebSocket', 1)),
    logWatchers[1].watch(connect('SSE', 2)),
    boards.watch(connect('WebSocket', 3)),
    orders.watch(connect('SSE', 4)),
  ];

  const writers = Array.from({ length: options.writers }, (_, index) => write(index + 1, writerOptions));
  const inflicted: Inflicted = { kills: 0, freezes: 0, deafened: 0, terminated: 0, restarts: 0 };
  const faults = planFaults({ seed, duration, servers: servers.length });
  const start = performance.now();
  const tell = (): void => {
    const { acknowledged, duplicates } = countAnswers(sent);
    onProgress(
      `${Math.round((performance.now() - start) / 1_000)} s: ${acknowledged} commands acknowledged, ${duplicates} duplicates answered, ${inflicted.kills} kills, ${inflicted.freezes} freezes, ${inflicted.deafened + inflicted.terminated} backends terminated, ${inflicted.restarts} restarts; subscribers at ${logWatchers.map(({ ids }) => ids.length).join(' and ')}`,
    );
  };
  const telling = setInterval(tell, 5_000);
  stack.defer(() => clearInterval(telling));
  await Promise.all([
    inflict(faults, { database, servers, inflicted, signal: hurting.signal }),
    sleep(duration),
  ]);

  while (sent.length < leastCommands) await sleep(100);

  writing.abort();
  const hurry = setTimeout(() => waiting.abort(), patience);
  await Promise.all(writers);
  clearTimeout(hurry);
  const open = await settle({
    sql: database.sql,
    isSeen: (head) => logWatchers.every(({ ids }) => ids.length >= head),
    timeout: patience,
    onProgress: (left) => onProgress(`waiting: ${left.join(', ')}`),
  });
  // The live fields have no end to wait for: what they were to be sent, they were sent with the last events.
  await sleep(2_000);
  watching.abort();
  const connections = await Promise.all(watchers);
  clearInterval(telling);
  await stopServers();

  onProgress('comparing what was told with what is there');
  const checked = await checkAll({
    databaseUrl: database.url,
    masterKeys,
    sent,
    logWatchers,
    boards,
    orders,
  });
  const wrong = [
    ...open.map((one) => `not finished: ${one}`),
    ...servers.flatMap(({ failures }, index) => failures.map((failure) => `server ${index + 1} ${failure}`)),
    ...checked.findings.flatMap(({ check, faults: found, examples, skipped }) => [
      ...(found > 0
        ? [`${check}: ${found} wrong`, ...examples.slice(0, 5).map((example) => `  ${example}`)]
        : []),
      ...(skipped === undefined || check === 'hashes are as expected'
        ? []
        : [`${check}: not looked at: ${skipped}`]),
    ]),
  ];
  if (wrong.length > 0) await writeOutputs(servers, folder);
  return {
    counts: {
      ...countAnswers(sent).counts,
      'server processes killed': inflicted.kills,
      'server processes frozen': inflicted.freezes,
      'server processes started': servers.reduce((sum, { starts }) => sum + starts, 0),
      'LISTEN connections terminated': inflicted.deafened,
      'other backends terminated': inflicted.terminated,
      'PostgreSQL restarts': inflicted.restarts,
      'log lines of handlers that failed': servers.reduce(
        (sum, server) => sum + server.countLines(illLuck),
        0,
      ),
      'events in the log': checked.events,
      'timers fired': checked.timersFired,
      'subscribers connected': connections.reduce((sum, count) => sum + count, 0),
      'live frames': boards.frames + orders.frames,
    },
    findings: checked.findings,
    faults: wrong,
  };
}

/** Before anything goes wrong, all has to be right. */
async function allUp(servers: readonly SupervisedServer[], folder: string): Promise<void> {
  const end = performance.now() + patience;
  while (!servers.every(({ isUp }) => isUp)) {
    await sleep(100);
    if (performance.now() < end) continue;
    await writeOutputs(servers, folder);
    throw new Error(`The servers do not come up: what they wrote is in ${folder}.`);
  }
}

async function writeOutputs(servers: readonly SupervisedServer[], folder: string): Promise<void> {
  await Promise.all(servers.map((server, index) => server.writeOutput(folder, `server-${index + 1}`)));
}
