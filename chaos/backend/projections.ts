import { OrderPlaced } from '../../src/app/orders/order-events.ts';
import { type ProjectionOptions, projection, type RowOf } from '../../src/consumption/projection.ts';
import type { StoredEvent } from '../../src/domain/event.ts';
import { BoardMarked } from './board.ts';
import { ErrandBegun, ErrandCalledOff, ErrandNoted, ErrandPostponed, ErrandRang } from './errand-events.ts';
import { failForAWhile, toil } from './ill-luck.ts';
import {
  boardsTable,
  errandsTable,
  inlineTable,
  slowTable,
  type TrailTable,
  unluckyTable,
} from './tables.ts';

type Row = RowOf<TrailTable>;

/** Each event is applied once and in its order, or the trail is another. */
function step(row: Row | undefined, { position }: StoredEvent, id: string): Row {
  const { marks, trail } = row ?? { marks: 0, trail: 0 };
  return { id, marks: marks + 1, trail: (trail * 31 + position) % 1_000_003 };
}

/** Spread over shards; each mark concerns two rows, which may be of two shards. */
export const Boards = projection('boards', boardsTable, { shards: 4 }).on(
  BoardMarked,
  ({ data }) => [data.id, data.writer],
  step,
);

/** Handlers that take long. */
export const Slow = projection('slow', slowTable)
  .on(BoardMarked, 'id', (row, event, id) => {
    if (event.position % 10 === 0) toil(15);
    return step(row, event, id);
  })
  .on(
    OrderPlaced,
    () => 'orders',
    (row, event, id) => {
      if (event.position % 10 === 0) toil(15);
      return step(row, event, id);
    },
  );

/** Handlers that fail for some keys at some events for a while. */
export const Unlucky = projection('unlucky', unluckyTable).on(BoardMarked, 'id', (row, event, id) => {
  if (/[02468]$/.test(id)) failForAWhile(event, 7);
  return step(row, event, id);
});

/** Folded in the transaction of the append. */
export const Inline = projection('inline', inlineTable, { mode: 'inline' } satisfies ProjectionOptions).on(
  BoardMarked,
  'id',
  step,
);

/** Errands that are called off have no row. */
export const Errands = projection('errands', errandsTable)
  .on(ErrandBegun, 'id', step)
  .on(ErrandPostponed, 'id', step)
  .on(ErrandNoted, 'id', step)
  .on(ErrandRang, 'id', step)
  .on(ErrandCalledOff, 'id', () => null);
