import { describe, expect, test } from 'vitest';
import { Repository } from '../../src/application/repository.ts';
import { sampleEvent } from '../../src/consumption/contract/sample-events.ts';
import type { StoredEvent } from '../../src/domain/event.ts';
import { matches, type Query } from '../../src/domain/query.ts';
import { Account, Deposited, Opened } from '../domain/bank.ts';

/** A log in a list that remembers what was asked of it. */
class WatchedLog {
  readonly asked: string[][] = [];
  readonly events: StoredEvent[] = [];
  failure: Error | undefined;

  append(stream: string, ...news: readonly ReturnType<typeof Opened | typeof Deposited>[]): void {
    for (const one of news) {
      const version = this.events.filter((event) => event.stream === stream).length + 1;
      this.events.push({
        ...sampleEvent({ ...one, stream }),
        position: this.events.length + 1,
        version,
        recordedAt: new Date(),
      });
    }
  }

  async *read(query: Query): AsyncGenerator<StoredEvent> {
    this.asked.push(query.items.map(({ stream = '' }) => stream));
    if (this.failure !== undefined) throw this.failure;
    yield* this.events.filter((event) => matches(query, event));
  }
}

function logOf(...accounts: readonly string[]): WatchedLog {
  const log = new WatchedLog();
  for (const account of accounts)
    log.append(`Account-${account}`, Opened({ owner: account }), Deposited({ amount: 1 }));
  return log;
}

describe('loading', () => {
  test('folds a stream to its state and version', async () => {
    const repository = new Repository(logOf('1', '2'));
    expect(await repository.load(Account, '1')).toEqual({
      state: { status: 'open', balance: 1 },
      version: 2,
    });
    expect(await repository.load(Account, '3')).toEqual({ state: { status: 'none' }, version: 0 });
  });

  test('of many aggregates in one turn is one read', async () => {
    const log = logOf('1', '2', '3');
    const repository = new Repository(log);
    const loaded = await Promise.all(['1', '2', '3', '1', '4'].map((id) => repository.load(Account, id)));
    expect(loaded.map(({ version }) => version)).toEqual([2, 2, 2, 2, 0]);
    expect(log.asked).toEqual([['Account-1', 'Account-2', 'Account-3', 'Account-4']]);
  });

  test('of very many aggregates is several reads', async () => {
    const log = logOf();
    const repository = new Repository(log);
    await Promise.all(Array.from({ length: 600 }, (_, n) => repository.load(Account, `${n}`)));
    expect(log.asked.map((streams) => streams.length)).toEqual([256, 256, 88]);
  });

  test('that fails fails for all who asked, and works again afterwards', async () => {
    const log = logOf('1');
    log.failure = new Error('gone');
    const repository = new Repository(log);
    const outcomes = await Promise.allSettled([repository.load(Account, '1'), repository.load(Account, '2')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    log.failure = undefined;
    expect(await repository.load(Account, '1')).toMatchObject({ version: 2 });
  });
});

describe('the cache', () => {
  test('keeps what was loaded, but not what does not exist', async () => {
    const log = logOf('1');
    const repository = new Repository(log);
    for (let n = 0; n < 3; n += 1) for (const id of ['1', '2']) await repository.load(Account, id);
    expect(log.asked.flat()).toEqual(['Account-1', 'Account-2', 'Account-2', 'Account-2']);
  });

  test('is bounded and forgets what was used longest ago', async () => {
    const log = logOf('1', '2', '3');
    const repository = new Repository(log, { cacheSize: 2 });
    for (const id of ['1', '2', '1', '3']) await repository.load(Account, id);
    expect(log.asked.flat()).toEqual(['Account-1', 'Account-2', 'Account-3']);
    for (const id of ['1', '3', '2']) await repository.load(Account, id);
    expect(log.asked.flat().slice(3)).toEqual(['Account-2']);
  });

  test('is passed by for a fresh state, and takes it in', async () => {
    const log = logOf('1');
    const repository = new Repository(log);
    await repository.load(Account, '1');
    log.append('Account-1', Deposited({ amount: 5 }));
    expect(await repository.load(Account, '1')).toMatchObject({ version: 2 });
    expect(await repository.loadFresh(Account, '1')).toMatchObject({ version: 3, state: { balance: 6 } });
    expect(await repository.load(Account, '1')).toMatchObject({ version: 3 });
  });

  test('takes in what is stored and forgets what is known to be old', async () => {
    const log = logOf('1');
    const repository = new Repository(log);
    repository.keep('Account-1', { state: { status: 'open', balance: 7 }, version: 9 });
    expect(await repository.load(Account, '1')).toMatchObject({ version: 9 });
    repository.forget('Account-1');
    expect(await repository.load(Account, '1')).toMatchObject({ version: 2 });
  });
});
