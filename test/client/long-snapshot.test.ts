import { createClient } from 'graphql-ws';
import postgres from 'postgres';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { shop as definition } from '../../src/app/shop.ts';
import { type Frame, folding, type OperationResult, resuming } from '../../src/client.ts';
import { addTea, placeOrder, startShop } from '../clients/shop.ts';
import { createTestDatabase } from '../support/database.ts';
import { openLine } from '../support/line.ts';
import { observed } from './observed.ts';

const waiting = { timeout: 40_000, interval: 100 };

test('a snapshot of many pages that is cut off begins again, and a position too old to resume from gives a new one', async () => {
  await using database = await createTestDatabase(definition.migrations);
  await using first = await startShop(database.url);
  await using line = await openLine(first.url);
  await addTea(first);
  const ids = Array.from({ length: 1_100 }, (_, index) => `order-${index}`);
  for (let start = 0; start < ids.length; start += 50)
    await Promise.all(ids.slice(start, start + 50).map((id) => placeOrder(first, id)));

  const socket = createClient({
    url: `ws://127.0.0.1:${line.port}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  const frames: Frame[] = [];
  const states: Frame[] = [];
  const note = (list: Frame[]) => (result: OperationResult) => list.push(result.data?.orders as Frame);
  // The first page passes, the second one does not.
  const cutting = line.cutAfter([50_000]);
  folding(observed(resuming(socket), note(frames))).subscribe(
    { query: 'subscription { orders { upserted { id status total } } }' },
    { next: note(states), error: (error) => expect.fail(String(error)), complete: () => {} },
  );
  await cutting;
  await vi.waitFor(() => expect(states.at(-1)?.live).toBe(true), waiting);
  const kinds = frames.map(({ kind, upserted }) => [kind, upserted.length]);
  expect(kinds).toEqual([
    ['SNAPSHOT', 500],
    ['SNAPSHOT', 500],
    ['DELTA', 500],
    ['DELTA', 100],
  ]);
  expect(states.map(({ live, upserted }) => [live, upserted.length])).toEqual([
    [false, 500],
    [false, 500],
    [false, 1_000],
    [true, 1_100],
  ]);

  await first.end('SIGKILL');
  const sql = postgres(database.url, { max: 1 });
  // As if rows had been removed so long ago that nobody knows which.
  await sql`update livefold.tracking set horizon = 1000000`;
  await sql.end();
  await using second = await startShop(database.url, { port: first.port });
  await placeOrder(second, 'order-new');
  await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ live: true }), waiting);
  await vi.waitFor(() => expect(idsIn(states.at(-1))).toEqual([...ids, 'order-new'].sort()), waiting);
  expect(frames.slice(4).map(({ kind }) => kind)).toContain('SNAPSHOT');
  await socket.dispose();
});

function idsIn(state: Frame | undefined): readonly string[] {
  return (state?.upserted ?? []).map(({ id }) => String(id)).sort();
}
