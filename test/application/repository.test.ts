import { describe, expect, test } from 'vitest';
import { Repository } from '../../src/application/repository.ts';
import { sampleEvent } from '../../src/consumption/contract/sample-events.ts';
import type { StoredEvent } from '../../src/domain/event.ts';
import { fold } from '../../src/domain/fold.ts';
import { matches, type Query } from '../../src/domain/query.ts';
import { Account, Deposited, Opened } from '../domain/bank.ts';

/** A log in a list that remembers what was asked of it. */
class WatchedLog {
  /** By read: the streams, each with the version that it was read from. */
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
    this.asked.push(query.items.map(({ stream, afterVersion = 0 }) => `${stream}>${afterVersion}`));
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
  test('folds a stream to its state, version and position', async () => {
    const repository = new Repository(logOf('1', '2'));
    expect(await repository.load(Account, '2')).toEqual({
      state: { status: 'open', balance: 1 },
      version: 2,
      position: 4,
      subjects: [],
    });
    expect(await repository.load(Account, '3')).toEqual({
      state: { status: 'none' },
      version: 0,
      position: 0,
      subjects: [],
    });
  });

  test('of many aggregates in one turn is one read', async () => {
    const log = logOf('1', '2', '3');
    const repository = new Repository(log);
    const loaded = await Promise.all(['1', '2', '3', '1', '4'].map((id) => repository.load(Account, id)));
    expect(loaded.map(({ version }) => version)).toEqual([2, 2, 2, 2, 0]);
    expect(log.asked).toEqual([['Account-1>0', 'Account-2>0', 'Account-3>0', 'Account-4>0']]);
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

describe('what is in memory', () => {
  test('is what was loaded, but not what does not exist', async () => {
    const log = logOf('1');
    const repository = new Repository(log);
    for (let n = 0; n < 3; n += 1) for (const id of ['1', '2']) await repository.load(Account, id);
    expect(log.asked.flat()).toEqual(['Account-1>0', 'Account-2>0', 'Account-2>0', 'Account-2>0']);
  });

  test('is bounded', async () => {
    const log = logOf('1', '2', '3');
    const repository = new Repository(log, { cacheSize: 2 });
    for (const id of ['1', '2', '1', '3', '1', '3', '2']) await repository.load(Account, id);
    expect(log.asked.flat()).toEqual(['Account-1>0', 'Account-2>0', 'Account-3>0', 'Account-2>0']);
  });

  test('is passed by for a fresh state, which reads on from it', async () => {
    const log = logOf('1');
    const repository = new Repository(log);
    await repository.load(Account, '1');
    log.append('Account-1', Deposited({ amount: 5 }));
    expect(await repository.load(Account, '1')).toMatchObject({ version: 2 });
    const fresh = { version: 3, position: 3, state: { balance: 6 } };
    expect(await repository.loadFresh(Account, '1')).toMatchObject(fresh);
    expect(await repository.loadFresh(Account, '1')).toMatchObject(fresh);
    expect(await repository.load(Account, '1')).toMatchObject(fresh);
    // From the last event that is known: whether it is still there.
    expect(log.asked.flat()).toEqual(['Account-1>0', 'Account-1>1', 'Account-1>2']);
  });

  test('is brought up to date for several in one read', async () => {
    const log = logOf('1', '2');
    const repository = new Repository(log);
    await repository.load(Account, '1');
    const loaded = await Promise.all(['1', '2', '1'].map((id) => repository.loadFresh(Account, id)));
    expect(loaded.map(({ version }) => version)).toEqual([2, 2, 2]);
    expect(log.asked).toEqual([['Account-1>0'], ['Account-1>1', 'Account-2>0']]);
  });

  test.each(['before', 'after'])(
    'is read on from while another, asked %s it, is loaded whole: in one read',
    async (when) => {
      const log = logOf('1');
      const repository = new Repository(log);
      const kept = await repository.load(Account, '1');
      // The same stream folded by another definition, which has nothing in memory.
      const Balance = { name: 'Account', state: fold(0).on(Deposited, (sum, { data }) => sum + data.amount) };
      const loads = [() => repository.loadFresh(Balance, '1'), () => repository.loadFresh(Account, '1')];
      const asked = [];
      for (const load of when === 'before' ? loads : loads.toReversed()) {
        asked.push(load());
        // Within the same turn of the event loop.
        for (let n = 0; n < 20; n += 1) await Promise.resolve();
      }
      const states = (await Promise.all(asked)).map(({ state }) => state);
      expect(new Set(states)).toEqual(new Set([1, kept.state]));
      expect(log.asked).toEqual([['Account-1>0'], ['Account-1>0']]);
    },
  );

  test.each([
    ['ends before it', []],
    ['has other events in their place', [Deposited({ amount: 7 })]],
  ])('is let go when the log, restored from a backup say, %s', async (_, more) => {
    const log = logOf('1');
    const repository = new Repository(log);
    await repository.load(Account, '1');
    log.events.length = 0;
    log.append('Account-2', Opened({ owner: 'x' }));
    log.append('Account-1', Opened({ owner: 'x' }), ...more);
    const whole = await new Repository(log).load(Account, '1');
    expect(await repository.loadFresh(Account, '1')).toEqual(whole);
    expect(await repository.load(Account, '1')).toEqual(whole);
  });

  test('is gone when cleared, and what is being loaded then does not come in', async () => {
    const log = logOf('1', '2');
    const repository = new Repository(log);
    await repository.load(Account, '1');
    const loading = repository.load(Account, '2');
    repository.clear();
    await loading;
    for (const id of ['1', '2']) await repository.load(Account, id);
    expect(log.asked.flat()).toEqual(['Account-1>0', 'Account-2>0', 'Account-1>0', 'Account-2>0']);
  });
});
