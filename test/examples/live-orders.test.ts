import { join } from 'node:path';
import type { Browser, Page, WebSocket } from 'playwright-core';
import { createServer } from 'vite';
import { expect, test, vi } from 'vitest';
import { shop as definition } from '../../src/app/shop.ts';
import { type OrderView, placeOrder, readOrders, startShop } from '../clients/shop.ts';
import { createTestDatabase } from '../support/database.ts';
import type { ServedProgram } from '../support/served-program.ts';
import { createTestFolder } from '../support/test-folder.ts';
import { hasBrowser, launchBrowser } from './browser.ts';

const example = join(import.meta.dirname, '../../examples/live-orders');
const waiting = { timeout: 30_000, interval: 100 };

// Without a browser there is nothing to test: a developer is told, the CI must have one.
const mayRun = hasBrowser || process.env.CI !== undefined;
if (!mayRun) console.warn('SKIPPED: no Chromium. `apt-get install chromium`, or name one in CHROMIUM.');

test.runIf(mayRun)(
  'two browsers see the same orders, each change once, while the server of one is killed and comes back',
  async () => {
    await using database = await createTestDatabase(definition.migrations);
    const [first, second] = await Promise.all([startShop(database.url), startShop(database.url)]);
    await using killed = first;
    await using other = second;
    await using browser = await launchBrowser();
    await using ada = await openPage(browser, killed);
    await using bob = await openPage(browser, other);

    await ada.page.getByRole('button', { name: 'Open the shop' }).click();
    await bob.page.getByRole('button', { name: 'Coffee' }).click();
    await ada.expectOrders(other, 1);
    await ada.page.getByRole('button', { name: 'Pay' }).click();
    await bob.expectOrders(other, 1);
    await vi.waitFor(() => expect(bob.statuses()).resolves.toEqual(['shipped']), waiting);

    await killed.end('SIGKILL');
    await ada.page.getByText('connecting …').waitFor();
    for (const name of ['Tea', 'Cake', 'Tea']) await bob.page.getByRole('button', { name }).click();
    await bob.expectOrders(other, 4);
    await bob.page.getByRole('button', { name: 'Pay' }).first().click();
    await using back = await startShop(database.url, { port: killed.port });
    await Promise.all(['x-1', 'x-2', 'x-3'].map((id) => placeOrder(back, id)));
    await ada.page.getByText('connected', { exact: true }).waitFor();
    await ada.page.getByRole('button', { name: 'Coffee' }).click();

    for (const { expectOrders } of [ada, bob]) await expectOrders(back, 8);
    for (const { expectEachOnce } of [ada, bob]) await expectEachOnce();
  },
  180_000,
);

/** The example's page in a browser of its own, served by its own Vite in front of a shop. */
async function openPage(browser: Browser, shop: ServedProgram) {
  const folder = await createTestFolder();
  const server = await createServer({
    root: example,
    logLevel: 'silent',
    cacheDir: folder.path,
    server: { port: 0, proxy: { '/graphql': { target: shop.url, ws: true } } },
  });
  await server.listen();
  const context = await browser.newContext();
  const page = await context.newPage();
  const frames = recordFrames(page);
  await page.addInitScript({ content: countRows });
  await page.goto(server.resolvedUrls?.local[0] ?? '');
  return {
    page,
    statuses: () => page.locator('.status').allTextContents(),
    /** So many orders, and those that the query shows. */
    async expectOrders(asked: ServedProgram, count: number): Promise<void> {
      await vi.waitFor(async () => {
        const shown = await page.evaluate<readonly OrderView[]>(readRows);
        expect(shown).toEqual(await readOrders(asked));
        expect(shown).toHaveLength(count);
      }, waiting);
    },
    /** One snapshot, then only what was new; each order got one row, which stayed. */
    async expectEachOnce(): Promise<void> {
      const [snapshot, ...changes] = frames;
      expect(snapshot?.kind).toBe('SNAPSHOT');
      expect(changes.map(({ kind }) => kind)).toEqual(changes.map(() => 'DELTA'));
      const positions = frames.map(({ position }) => Number(position));
      expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
      const shown = await page.evaluate<readonly OrderView[]>(readRows);
      expect(await page.evaluate('rowsMade.toSorted()')).toEqual(shown.map(({ id }) => id));
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await context.close();
      await server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

type FrameView = { readonly kind: string; readonly position: string };

/** What the page was sent of the orders, over however many sockets. */
function recordFrames(page: Page): readonly FrameView[] {
  const frames: FrameView[] = [];
  page.on('websocket', (socket: WebSocket) => {
    if (!socket.url().endsWith('/graphql')) return;
    socket.on('framereceived', ({ payload }) => {
      const orders = JSON.parse(String(payload)).payload?.data?.orders;
      if (orders !== undefined) frames.push(orders);
    });
  });
  return frames;
}

/** Runs in the page: the orders of its rows, by id. A status is shown in small letters, a total with two places. */
const readRows = `
  [...document.querySelectorAll('tr[data-order]')]
    .map((row) => ({
      id: row.dataset.order,
      status: row.querySelector('.status').textContent.toUpperCase(),
      total: String(Number(row.querySelector('td.number').textContent)),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))`;

/** Runs in the page before all else: notes the order of each row that is made. One that only moves is not made anew. */
const countRows = `
  const seen = new WeakSet();
  globalThis.rowsMade = [];
  new MutationObserver(() => {
    for (const row of document.querySelectorAll('tr[data-order]')) {
      if (!seen.has(row)) rowsMade.push(row.dataset.order);
      seen.add(row);
    }
  }).observe(document, { subtree: true, childList: true });`;
