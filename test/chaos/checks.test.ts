import { expect, test } from 'vitest';
import { checkCommands } from '../../chaos/checks/command-check.ts';
import { checkErrands } from '../../chaos/checks/errand-check.ts';
import { checkFulfilment } from '../../chaos/checks/fulfilment-check.ts';
import { checkLogWatcher, checkRowWatcher } from '../../chaos/checks/subscriber-check.ts';
import { LogWatcher } from '../../chaos/clients/log-watcher.ts';
import { RowWatcher } from '../../chaos/clients/row-watcher.ts';
import type { Answer } from '../../chaos/clients/send-command.ts';
import type { StoredEvent } from '../../src/domain/event.ts';

type Sketch = {
  readonly type: string;
  readonly stream?: string;
  readonly causationId?: string;
  readonly data?: unknown;
};

/** A log of such events; each has its position as its id and version. */
function logOf(...sketches: readonly Sketch[]): readonly StoredEvent[] {
  return sketches.map(({ type, stream = 'S-1', causationId = 'elsewhere', data = {} }, index) => ({
    ...{ type, stream, causationId, data, position: index + 1, version: index + 1, id: `event-${index + 1}` },
    ...{ schemaVersion: 1, tags: [], correlationId: null, actor: null, tenant: null, metadata: null },
    ...{ occurredAt: new Date(0), recordedAt: new Date(0) },
  }));
}

const marked: Sketch = { type: 'BoardMarked', causationId: 'c' };
const receipt = { position: 2, stream: 'S-1', version: 2, eventIds: ['event-2'], duplicate: false };
const log = logOf({ type: 'BoardMarked' }, marked);

function faultsOf(events: readonly StoredEvent[], ...answers: readonly Partial<Answer>[]): number {
  const command = { id: 'c', field: 'markBoard', input: {}, pause: 0, isRepeated: false };
  return checkCommands([{ command, answers: answers.map((one) => ({ tries: [], ...one })) }], events).faults;
}

test('an acknowledged command has to be in the log once, where the receipt says', () => {
  expect(faultsOf(log, { receipt })).toBe(0);
  expect(faultsOf(logOf({ type: 'BoardMarked' }), { receipt })).toBe(1);
  expect(faultsOf([...log, ...logOf(marked, marked, marked).slice(2)], { receipt })).toBe(1);
  expect(faultsOf(log, { receipt: { ...receipt, position: 1 } })).toBe(1);
  expect(faultsOf(log, { receipt: { ...receipt, version: 3 } })).toBe(1);
  expect(faultsOf(log, {})).toBe(1);
});

test('a repeated command has to be a duplicate with the same receipt', () => {
  const again = { ...receipt, duplicate: true };
  expect(faultsOf(log, { receipt }, { receipt: again })).toBe(0);
  expect(faultsOf(log, { receipt }, { receipt })).toBe(1);
  expect(faultsOf(log, { receipt }, { receipt: { ...again, position: 1 } })).toBe(1);
});

test('a command that was rejected at once must not be in the log', () => {
  expect(faultsOf(log, { rejected: 'NO' })).toBe(1);
  expect(faultsOf(log, { rejected: 'NO', tries: ['NETWORK'] })).toBe(0);
  expect(faultsOf(logOf({ type: 'BoardMarked' }), { rejected: 'NO' })).toBe(0);
});

test('an errand has to be noted and to ring once, or not at all when it was called off', () => {
  const faults = (...types: readonly string[]): readonly number[] =>
    checkErrands(logOf(...types.map((type) => ({ type })))).map((finding) => finding.faults);
  expect(faults('ErrandBegun', 'ErrandNoted', 'ErrandPostponed', 'ErrandRang')).toEqual([0, 0]);
  expect(faults('ErrandBegun', 'ErrandNoted', 'ErrandCalledOff')).toEqual([0, 0]);
  expect(faults('ErrandBegun', 'ErrandRang')).toEqual([1, 0]);
  expect(faults('ErrandBegun', 'ErrandNoted', 'ErrandNoted', 'ErrandRang')).toEqual([1, 0]);
  expect(faults('ErrandBegun', 'ErrandNoted')).toEqual([0, 1]);
  expect(faults('ErrandBegun', 'ErrandNoted', 'ErrandRang', 'ErrandRang')).toEqual([0, 1]);
  expect(faults('ErrandBegun', 'ErrandNoted', 'ErrandRang', 'ErrandRang', 'ErrandCalledOff')).toEqual([0, 1]);
});

test('a paid order has to be seen to once', () => {
  const faults = (...types: readonly string[]): number =>
    checkFulfilment(logOf(...types.map((type) => ({ type, data: { orderId: 'o' } })))).faults;
  expect(faults('OrderPlaced', 'OrderCancelled')).toBe(0);
  expect(faults('OrderPaid', 'StockReserved', 'OrderShipped')).toBe(0);
  expect(faults('OrderPaid', 'StockReserved', 'OrderCancelled', 'StockReleased')).toBe(0);
  expect(faults('OrderPaid', 'StockRefused', 'OrderCancelled')).toBe(0);
  expect(faults('OrderPaid')).toBe(1);
  expect(faults('OrderPaid', 'StockReserved')).toBe(1);
  expect(faults('OrderPaid', 'StockReserved', 'StockReserved', 'OrderShipped')).toBe(1);
  expect(faults('OrderPaid', 'StockReserved', 'OrderCancelled')).toBe(1);
  expect(faults('OrderPaid', 'StockRefused')).toBe(1);
});

test('a watcher of the log has to be told each event once, in order', () => {
  const faults = (...ids: readonly string[]): number => {
    const watcher = new LogWatcher();
    watcher.ids.push(...ids);
    return checkLogWatcher('it', watcher, log).faults;
  };
  expect(faults('event-1', 'event-2')).toBe(0);
  expect(faults('event-1')).toBe(1);
  expect(faults('event-2', 'event-1')).toBe(2);
  expect(faults('event-1', 'event-2', 'event-2')).toBe(1);
});

test('a watcher of a live field has to hold the rows of the table', () => {
  const table = [{ id: 'a', marks: 2, position: 9 }];
  const faults = (...rows: readonly { readonly id: string; readonly marks: number }[]): number => {
    const watcher = new RowWatcher('boards', 'id marks');
    for (const row of rows) watcher.rows.set(row.id, row);
    return checkRowWatcher(watcher, table).faults;
  };
  expect(faults({ id: 'a', marks: 2 })).toBe(0);
  expect(faults({ id: 'a', marks: 1 })).toBe(1);
  expect(faults()).toBe(1);
  expect(faults({ id: 'a', marks: 2 }, { id: 'b', marks: 1 })).toBe(1);
});

test('a watcher of a live field notices when frames or rows go backwards', () => {
  const faults = (...frames: readonly (readonly [position: string, marks: number])[]): number => {
    const watcher = new RowWatcher('boards', 'id marks');
    for (const [position, marks] of frames)
      watcher.take({ kind: 'DELTA', position, upserted: [{ id: 'a', marks }], removed: [] });
    return watcher.faults.length;
  };
  expect(faults(['3', 1], ['4', 2], ['4', 2])).toBe(0);
  expect(faults(['4', 1], ['3', 2])).toBe(1);
  expect(faults(['3', 2], ['4', 1])).toBe(1);
});
