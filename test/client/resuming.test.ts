import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { resuming } from '../../src/client.ts';
import { LivefoldError } from '../../src/kernel/errors.ts';
import { orders, ScriptedTransport, Taken } from './scripted-transport.ts';

const query = 'subscription { orders { upserted { id } } }';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open(request: { readonly query: string; readonly variables?: Record<string, unknown> } = { query }) {
  const transport = new ScriptedTransport();
  const taken = new Taken();
  const leave = resuming(transport).subscribe(request, taken);
  return { transport, taken, leave };
}

/** The longest pause before another attempt. */
const pause = (): Promise<unknown> => vi.advanceTimersByTimeAsync(5_000);

test('a lost subscription starts again behind the last position', async () => {
  const { transport, taken } = open();
  expect(transport.last.variables()).toEqual({});
  transport.last.sink.next(orders({ kind: 'SNAPSHOT', position: 4 }));
  transport.last.sink.next(orders({ position: 7 }));
  transport.last.sink.error(new TypeError('fetch failed'));
  await pause();
  expect(transport.attempts).toHaveLength(2);
  expect(transport.attempts[0]?.isLeft).toBe(true);
  expect(transport.last.variables()).toEqual({ livefoldAfter: '7' });
  transport.last.sink.next(orders({ position: 8 }));
  expect(taken.positions).toEqual(['4', '7', '8']);
});

test('a transport that repeats the request by itself sends the position that it is read at', () => {
  const { transport } = open({ query, variables: { filter: { status: 'PAID' } } });
  transport.last.sink.next(orders({ kind: 'SNAPSHOT', position: 4 }));
  expect(transport.last.variables()).toEqual({ filter: { status: 'PAID' }, livefoldAfter: '4' });
});

test('what was there before is not given twice, in whatever order attempts end', async () => {
  const { transport, taken } = open();
  const first = transport.last;
  first.sink.next(orders({ kind: 'SNAPSHOT', position: 4 }));
  first.sink.next(orders({ position: 5 }));
  first.sink.next(orders({ position: 5 }));
  first.sink.next(orders({ position: 4 }));
  first.sink.error({ code: 1006 });
  await pause();
  // The old connection is not over yet.
  first.sink.next(orders({ position: 6 }));
  first.sink.error({ code: 1006 });
  first.sink.complete();
  transport.last.sink.next(orders({ position: 5 }));
  transport.last.sink.next(orders({ position: 6 }));
  await pause();
  expect(taken.positions).toEqual(['4', '5', '6']);
  expect(transport.attempts).toHaveLength(2);
  expect(taken.completions).toBe(0);
});

test('a snapshot that was cut off begins again, and one that replaces what is held is taken', async () => {
  const { transport, taken } = open({ query: 'subscription { orders(after: "3") { upserted { id } } }' });
  expect(transport.last.variables()).toEqual({});
  transport.last.sink.next(orders({ kind: 'SNAPSHOT', position: 0, live: false }));
  transport.last.sink.next(orders({ position: 0, live: false }));
  transport.last.sink.error({ code: 1006 });
  await pause();
  // Not 3: the half that was taken replaced what was held there.
  expect(transport.last.variables()).toEqual({ livefoldAfter: '0' });
  transport.last.sink.next(orders({ kind: 'SNAPSHOT', position: 0, live: false }));
  transport.last.sink.next(orders({ position: 9, live: false }));
  transport.last.sink.next(orders({ position: 9 }));
  transport.last.sink.next(orders({ position: 9 }));
  transport.last.sink.next(orders({ kind: 'SNAPSHOT', position: 20 }));
  expect(taken.positions).toEqual(['0', '0', '0', '9', '9', '20']);
});

test('a server that is away for long is tried until it is back', async () => {
  const { transport, taken } = open();
  const failures = [
    new TypeError('fetch failed'),
    { code: 1001, reason: 'Going away' },
    { type: 'error', message: 'ECONNREFUSED' },
    [{ message: 'The server is stopping.', extensions: { code: 'UNAVAILABLE' } }],
    new LivefoldError('EVENT_STREAM_REFUSED', '', { fields: { status: 503 } }),
    new LivefoldError('EVENT_STREAM_BROKEN', ''),
  ];
  for (const failure of failures) {
    transport.last.sink.error(failure);
    await pause();
  }
  transport.last.sink.next({
    data: null,
    errors: [{ message: '', extensions: { code: 'PROJECTION_LAGGING' } }],
  });
  await pause();
  expect(transport.attempts).toHaveLength(failures.length + 2);
  expect(taken).toMatchObject({ results: [], errors: [], completions: 0 });
});

test('what no retry mends is told', async () => {
  const failures = [
    [{ message: 'Unknown field.', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    { code: 4400, reason: 'Bad request' },
    new LivefoldError('EVENT_STREAM_REFUSED', '', { fields: { status: 404 } }),
  ];
  for (const failure of failures) {
    const { transport, taken } = open();
    transport.last.sink.error(failure);
    await pause();
    expect(taken.errors).toEqual([failure]);
    expect(transport.attempts).toHaveLength(1);
  }
  const { transport, taken } = open();
  const result = { data: null, errors: [{ message: 'No.', extensions: { code: 'BAD_USER_INPUT' } }] };
  transport.last.sink.next(result);
  transport.last.sink.complete();
  expect(taken).toMatchObject({ results: [result], errors: [], completions: 1 });
});

test.each([
  { code: 4401, reason: 'Unauthorized' },
  { code: 4403, reason: 'Forbidden' },
  [{ message: 'The token has expired.', extensions: { code: 'UNAUTHENTICATED' } }],
  new LivefoldError('EVENT_STREAM_REFUSED', '', { fields: { status: 401 } }),
])('a caller who was let in is tried once more, with what token he has then (%o)', async (refusal) => {
  const { transport, taken } = open();
  transport.last.sink.next(orders({ kind: 'SNAPSHOT', position: 4 }));
  transport.last.sink.error(refusal);
  await pause();
  expect(transport.last.variables()).toEqual({ livefoldAfter: '4' });
  transport.last.sink.error(refusal);
  await pause();
  expect(taken.errors).toEqual([refusal]);
  expect(transport.attempts).toHaveLength(2);
});

test('a caller who is refused at once is told so', async () => {
  const { transport, taken } = open();
  transport.last.sink.error({ code: 4401, reason: 'Unauthorized' });
  await pause();
  expect(taken.errors).toEqual([{ code: 4401, reason: 'Unauthorized' }]);
  expect(transport.attempts).toHaveLength(1);
});

test('who has left is given nothing more, and nothing starts again', async () => {
  const { transport, taken, leave } = open();
  transport.last.sink.error({ code: 1006 });
  leave();
  await pause();
  expect(transport.attempts).toHaveLength(1);
  const other = open();
  other.leave();
  expect(other.transport.last.isLeft).toBe(true);
  other.transport.last.sink.next(orders({ position: 1 }));
  other.transport.last.sink.complete();
  expect([taken, other.taken]).toMatchObject([{ results: [] }, { results: [], completions: 0 }]);
});
