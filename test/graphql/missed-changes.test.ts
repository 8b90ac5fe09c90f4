import { expect, test } from 'vitest';
import type { RunningProjection } from '../../src/consumption/projection-runner.ts';
import type { ChangesSince, ReadModels } from '../../src/consumption/read-models.ts';
import { readMissedChanges } from '../../src/graphql/missed-changes.ts';

/** Read tables that answer when they are told to, and remember who still waits. */
function heldTables() {
  const answers: ((changes: ChangesSince) => void)[] = [];
  const signals: (AbortSignal | undefined)[] = [];
  const models = {
    changesSince: (_projection: unknown, _after: number, { signal }: { readonly signal?: AbortSignal }) => {
      signals.push(signal);
      return new Promise<ChangesSince>((resolve, reject) => {
        answers.push(resolve);
        signal?.addEventListener('abort', () => reject(new Error('stopped')));
      });
    },
  } as unknown as ReadModels;
  const running = { projection: {}, feed: { revision: 0 } } as unknown as RunningProjection;
  const ask = () => {
    const leaving = new AbortController();
    const since = { position: 7, horizon: 0, signal: leaving.signal };
    return { leave: () => leaving.abort(), read: readMissedChanges(running, models, since) };
  };
  return { ask, answers, signals };
}

const changes: ChangesSince = { position: 9, upserted: [], removed: ['a'] };

test('those who ask at the same moment share one read, and one that leaves does not end it', async () => {
  const { ask, answers, signals } = heldTables();
  const [first, second] = [ask(), ask()];
  first.leave();
  answers[0]?.(changes);
  expect(await second.read).toEqual(changes);
  expect(signals.map((signal) => signal?.aborted)).toEqual([false]);
});

test('when the last one leaves it ends, and who comes then begins another', async () => {
  const { ask, answers, signals } = heldTables();
  const [first, second] = [ask(), ask()];
  first.leave();
  second.leave();
  const late = ask();
  await expect(Promise.all([first.read, second.read])).rejects.toThrow('stopped');
  answers[1]?.(changes);
  expect(await late.read).toEqual(changes);
  expect(signals.map((signal) => signal?.aborted)).toEqual([true, false]);
});
