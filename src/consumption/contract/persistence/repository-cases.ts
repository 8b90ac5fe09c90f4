import assert from 'node:assert/strict';
import type { AsOf } from '../../../application/as-of.ts';
import { createExecutor } from '../../../application/execute.ts';
import { Repository } from '../../../application/repository.ts';
import type { StoredEvent } from '../../../domain/event.ts';
import { sleep } from '../../../kernel/async.ts';
import { LivefoldError } from '../../../kernel/errors.ts';
import type { AppendItem, EventStore } from '../../../persistence/event-store.ts';
import type { Persistence } from '../../../persistence/persistence.ts';
import type { ContractCase } from '../contract-case.ts';
import { assertRejects, readStream } from '../sample-events.ts';
import { ledgerWith } from '../sample-ledger.ts';

/** Aggregates, loaded and kept in memory. */
export const repositoryCases: readonly ContractCase<Persistence>[] = [
  { name: 'with snapshots, without, and from memory, a state is the fold of its events', run: equalLoads },
  { name: 'a state is loaded as of any version, position and time', run: everyMoment },
  { name: 'what is kept in memory is bounded', run: bounded },
  { name: 'what is kept in memory goes on with what came since', run: fastForwarded },
  { name: 'what is loaded is not older than a receipt, whoever wrote', run: receipts },
  { name: 'a failed command leaves what is kept in memory as it was', run: unspoiled },
];

/** Numbers that are as good as random and the same in each run: a linear congruential generator, Numerical Recipes' constants. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    // The low bits of such a generator repeat soon.
    return (state >>> 8) % below;
  };
}

async function equalLoads(persistence: Persistence, another: () => Promise<Persistence>): Promise<void> {
  const other = await another();
  for (let seed = 1; seed <= 12; seed += 1) await compareLoads([persistence, other], seed);
}

/** A random history of three ledgers, written by two processes under a random policy, and compared at random moments. */
async function compareLoads(processes: readonly Persistence[], seed: number): Promise<void> {
  const random = numbersFrom(seed);
  const ledger = ledgerWith({ every: 1 + random(4), mode: random(2) === 0 ? 'inline' : 'background' });
  const repositories = processes.map(
    ({ events, snapshots }) => new Repository(events, { snapshots, cacheSize: 2 }),
  );
  const executors = processes.map(({ events: store }, n) =>
    createExecutor({ store, repository: repositories[n] ?? assert.fail('no repository') }),
  );
  for (let step = 0; step < 30; step += 1) {
    const id = `${seed}:${random(3)}`;
    const amounts = Array.from({ length: random(4) }, () => random(1_000));
    await executors[random(2)]?.(ledger.commands.enter(id, amounts));
    if (random(4) > 0) continue;
    for (const repository of repositories) await repository.settle();
    const [{ events, snapshots }] = processes as [Persistence];
    const log = await readStream(events, `Ledger-${id}`);
    const expected = {
      state: ledger.state.run(log),
      version: log.length,
      position: log.at(-1)?.position ?? 0,
      subjects: [],
    };
    const loads = [
      new Repository(events).load(ledger, id),
      new Repository(events, { snapshots }).load(ledger, id),
      ...repositories.map((repository) => repository.loadFresh(ledger, id)),
    ];
    for (const loaded of await Promise.all(loads))
      assert.deepEqual(loaded, expected, `seed ${seed}, step ${step}`);
  }
}

async function everyMoment({ events, snapshots }: Persistence): Promise<void> {
  const ledger = ledgerWith({ every: 4, mode: 'inline' });
  const repository = new Repository(events, { snapshots });
  const execute = createExecutor({ store: events, repository });
  for (let n = 1; n <= 6; n += 1) {
    await execute(ledger.commands.enter('1', [n, n]));
    await execute(ledger.commands.enter('2', [n]));
    if (n % 2 === 0) await sleep(3);
  }
  const log = await readStream(events, 'Ledger-1');
  const head = await events.head();
  const isBefore = (event: StoredEvent, asOf: AsOf): boolean => {
    if ('version' in asOf) return event.version <= asOf.version;
    return 'position' in asOf ? event.position <= asOf.position : event.recordedAt <= asOf.time;
  };
  const moments: readonly AsOf[] = [
    ...Array.from({ length: log.length + 2 }, (_, version) => ({ version })),
    ...Array.from({ length: head + 2 }, (_, position) => ({ position })),
    ...[new Date(0), ...log.map(({ recordedAt }) => recordedAt)].map((time) => ({ time })),
  ];
  for (const asOf of moments) {
    const expected = log.filter((event) => isBefore(event, asOf));
    for (const each of [repository, new Repository(events)]) {
      const { state, version } = await each.load(ledger, '1', { asOf });
      assert.deepEqual([state, version], [ledger.state.run(expected), expected.length], JSON.stringify(asOf));
    }
  }
}

/** A process that has an aggregate in memory, and another one that writes. */
async function receipts(persistence: Persistence, another: () => Promise<Persistence>): Promise<void> {
  const ledger = ledgerWith();
  const { events: store } = await another();
  const write = createExecutor({ store, repository: new Repository(store) });
  const { counted, repository } = openCounted(persistence, 10);
  for (let n = 1; n <= 5; n += 1) {
    const { position } = await write(ledger.commands.enter('1', [n, n]));
    assert.equal((await repository.load(ledger, '1', { atLeast: position })).version, 2 * n);
    // What is in memory is new enough now.
    const before = counted.events;
    assert.equal((await repository.load(ledger, '1', { atLeast: position })).version, 2 * n);
    assert.equal(counted.events, before);
  }
}

/** A repository, and how many events it has read so far. */
function openCounted({ events }: Persistence, cacheSize: number) {
  const counted = {
    events: 0,
    async *read(...given: Parameters<EventStore['read']>) {
      for await (const event of events.read(...given)) {
        counted.events += 1;
        yield event;
      }
    },
  };
  return { counted, repository: new Repository(counted, { cacheSize }) };
}

async function bounded(persistence: Persistence): Promise<void> {
  const ledger = ledgerWith();
  const execute = createExecutor({
    store: persistence.events,
    repository: new Repository(persistence.events),
  });
  const ids = ['1', '2', '3', '4'];
  for (const id of ids) await execute(ledger.commands.enter(id, [1, 2, 3]));
  const { counted, repository } = openCounted(persistence, 3);
  const costOf = async (id: string): Promise<number> => {
    const before = counted.events;
    assert.equal((await repository.load(ledger, id)).version, 3);
    return counted.events - before;
  };
  const costs: number[] = [];
  // The fourth one takes the place of the one used longest ago, which is 2.
  for (const id of ['1', '2', '3', '1', '4', '1', '3', '4', '2']) costs.push(await costOf(id));
  assert.deepEqual(costs, [3, 3, 3, 0, 3, 0, 0, 0, 3]);
}

async function fastForwarded(persistence: Persistence, another: () => Promise<Persistence>): Promise<void> {
  const ledger = ledgerWith();
  const { events } = await another();
  const execute = createExecutor({ store: events, repository: new Repository(events) });
  await execute(
    ledger.commands.enter(
      '1',
      Array.from({ length: 50 }, (_, n) => n),
    ),
  );
  const { counted, repository } = openCounted(persistence, 10);
  assert.equal((await repository.loadFresh(ledger, '1')).version, 50);
  await execute(ledger.commands.enter('1', [7, 8]));
  const { state, version } = await repository.loadFresh(ledger, '1');
  assert.deepEqual([state, version], [ledger.state.run(await readStream(events, 'Ledger-1')), 52]);
  // All of them once, then the two new ones with at most the one before them.
  assert.ok(counted.events <= 50 + 3, `${counted.events} events were read`);
}

async function unspoiled({ events }: Persistence): Promise<void> {
  const ledger = ledgerWith();
  let fault: LivefoldError | undefined;
  const store: EventStore = {
    append: (item: AppendItem, options) =>
      fault === undefined ? events.append(item, options) : Promise.reject(fault),
    receiptOf: (command, options) => events.receiptOf(command, options),
    read: (query, options) => events.read(query, options),
    head: () => events.head(),
  };
  const repository = new Repository(store);
  const execute = createExecutor({ store, repository, tries: 2 });
  await execute(ledger.commands.enter('1', [1, 2]));
  const before = await repository.load(ledger, '1');
  await assertRejects('COMMAND_REJECTED', execute(ledger.commands.refuse('1', null)));
  for (const code of ['CONCURRENCY_CONFLICT', 'DATABASE_UNAVAILABLE']) {
    fault = new LivefoldError(code, 'It failed.');
    await assertRejects(code, execute(ledger.commands.enter('1', [3])));
    assert.deepEqual(await repository.load(ledger, '1'), before);
  }
  fault = undefined;
  await execute(ledger.commands.enter('1', [4]));
  const log = await readStream(events, 'Ledger-1');
  assert.equal(log.length, 3);
  assert.deepEqual((await repository.load(ledger, '1')).state, ledger.state.run(log));
}
