import { expect, test } from 'vitest';
import { ResultStream } from '../../src/graphql/result-stream.ts';

function streamOf(source: AsyncIterable<unknown>, errors: unknown[] = []): ResultStream {
  return new ResultStream({
    source,
    left: new AbortController(),
    toResult: async (value) => ({ data: { value } }),
    toFailure: (error) => ({ data: { error } }),
    onCleanupError: (error) => errors.push(error),
  });
}

async function* endless() {
  for (let n = 0; ; n += 1) yield n;
}

test('a source that never waits leaves others a turn', async () => {
  let turns = 0;
  const count = () => {
    turns += 1;
    setImmediate(count).unref();
  };
  setImmediate(count);
  const stream = streamOf(endless());
  for (let n = 0; n < 1_000; n += 1) await stream.next();
  expect(turns).toBeGreaterThan(5);
});

test('the results end after the failure of the source', async () => {
  const stream = streamOf(
    (async function* () {
      yield 1;
      throw 'broken';
    })(),
  );
  const results: unknown[] = [];
  for await (const result of stream) results.push(result.data);
  expect(results).toEqual([{ value: 1 }, { error: 'broken' }]);
});

test('returning answers who waits and ends the source', async () => {
  const ended = Promise.withResolvers<void>();
  const stream = streamOf({
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      return: async () => {
        ended.resolve();
        return { done: true, value: undefined };
      },
    }),
  });
  const waiting = stream.next();
  await stream.return();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(await stream.next()).toEqual({ done: true, value: undefined });
  await ended.promise;
});

test('a source that fails while it cleans up is heard of', async () => {
  const errors: unknown[] = [];
  const failing = { next: () => new Promise<never>(() => {}), return: () => Promise.reject('dirty') };
  const stream = streamOf({ [Symbol.asyncIterator]: () => failing }, errors);
  await stream.return();
  await new Promise((resolve) => setImmediate(resolve));
  expect(errors).toEqual(['dirty']);
});

test('failing answers who waits with the failure, and the source is ended', async () => {
  const ended = Promise.withResolvers<void>();
  const stream = streamOf({
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      return: async () => {
        ended.resolve();
        return { done: true, value: undefined };
      },
    }),
  });
  const waiting = stream.next();
  stream.fail('over');
  expect((await waiting).value).toEqual({ data: { error: 'over' } });
  await ended.promise;
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});

test('failing while nobody waits is told to who comes next, in place of what the source has', async () => {
  const stream = streamOf(endless());
  expect((await stream.next()).value).toEqual({ data: { value: 0 } });
  stream.fail('over');
  stream.fail('again');
  expect((await stream.next()).value).toEqual({ data: { error: 'over' } });
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});
