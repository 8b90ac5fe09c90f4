import { describe, expect, test } from 'vitest';
import { Fulfilment } from '../../../src/app/fulfilment/fulfilment.ts';
import type { StoredEvent } from '../../../src/domain/event.ts';

/**
 * What fulfilment does, by the step that it is at (down) and what happens (across): the step after it, `·` when nothing is
 * done, `end` when it is over, and the commands that it sends. What the order or the stock would never say there is among it.
 */
const table = `
            | OrderPlaced | OrderPaid           | StockReserved          | StockRefused  | OrderCancelled         | OrderRefunded | OrderShipped | ItemsReturned | timer unpaid
  none      | placed      | ·                   | ·                      | ·             | ·                      | ·             | ·            | ·             | ·
  placed    | placed      | paid + reserveStock | ·                      | ·             | end                    | ·             | ·            | ·             | · + expire
  paid      | placed      | ·                   | reserved + ship        | end + cancel  | cancelled              | ·             | shipped      | ·             | ·
  reserved  | placed      | ·                   | ·                      | ·             | end + releaseStock     | ·             | end          | ·             | ·
  cancelled | placed      | ·                   | end + releaseStock     | end           | ·                      | ·             | ·            | ·             | ·
  shipped   | placed      | ·                   | end                    | end           | ·                      | ·             | ·            | ·             | ·
`;

const [head = [], ...rows] = table
  .trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()));
const cases = rows.flatMap(([step = '', ...cells]) =>
  cells.map((expected, index) => ({ step, happens: head[index + 1] ?? '', expected })),
);

const data = { orderId: '7', lines: [{ sku: 'TEA', quantity: 2 }], needsStock: true };
const units = [{ sku: 'TEA', quantity: 2 }];

/** An event of which fulfilment reads the type, the order and the lines. */
const happened = (type: string) =>
  ({ type, schemaVersion: 1, data, occurredAt: new Date('2024-03-01T12:00:00Z') }) as unknown as StoredEvent;

function reactionTo(step: string, happens: string) {
  const state = step === 'none' ? undefined : { step, units };
  if (happens === 'timer unpaid') return Fulfilment.reactionToTimer('unpaid')?.(state, '7') ?? {};
  return Fulfilment.reactionTo(happens)?.react(state, happened(happens)) ?? {};
}

describe('fulfilment', () => {
  test.each(cases)('at $step, on $happens: $expected', ({ step, happens, expected }) => {
    const { state, send = [] } = reactionTo(step, happens);
    const next = state === undefined ? '·' : state === null ? 'end' : Object(state).step;
    const sent = send.map((command) => ('name' in command ? command.name : '?'));
    expect([next, ...sent].join(' + ')).toBe(expected);
  });

  test('has a table of all of its steps and of all that happens', () => {
    expect(cases).toHaveLength(6 * 9);
  });

  test('gives an order seven days to be paid, from when it was placed, and no longer once it is', () => {
    expect(reactionTo('none', 'OrderPlaced').schedule).toEqual([
      { name: 'unpaid', at: new Date('2024-03-08T12:00:00Z') },
    ]);
    expect(reactionTo('placed', 'OrderPaid').unschedule).toEqual(['unpaid']);
  });

  test('does nothing about an order of the past', () => {
    const past = { ...happened('OrderPlaced'), data: { ...data, needsStock: false } };
    expect(Fulfilment.reactionTo('OrderPlaced')?.key(past)).toBeNull();
  });
});
