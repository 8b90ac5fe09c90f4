import type { Execute } from '../../application/execute.ts';
import { isLivefoldError } from '../../kernel/errors.ts';
import type { Receipt } from '../../persistence/event-store.ts';
import { lineOf } from '../lines.ts';
import { Order } from '../orders/order.ts';
import { Returns } from '../orders/return.ts';
import { Product } from '../products/product.ts';
import { registerUser } from '../users/user-decisions.ts';
import { readRetail } from './read-retail.ts';
import type { RejectsFile } from './rejects-file.ts';
import type { RetailDocument, RetailLine } from './retail-item.ts';

/** What an import did. `rows = accepted + rejected`; `events` counts those stored by this run: none the second time. */
export type RetailSummary = {
  readonly rows: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly orders: number;
  readonly returns: number;
  readonly events: number;
};

export type ImportRetailOptions = {
  readonly execute: Execute;
  readonly rejects: RejectsFile;
  readonly signal?: AbortSignal;
  readonly onProgress?: (bytesRead: number, bytesTotal: number, summary: RetailSummary) => void;
};

/** So many documents are under way at once: enough to fill the group commits, few enough to keep memory flat. */
const documentsAtOnce = 256;

/**
 * Drives retail files through the shop's commands. Every command id comes from the document, so an import that was
 * killed can be run again, and one that was not adds nothing the second time.
 */
export async function importRetail(
  files: readonly string[],
  { execute, rejects, signal, onProgress }: ImportRetailOptions,
): Promise<RetailSummary> {
  const summary = { rows: 0, accepted: 0, rejected: 0, orders: 0, returns: 0, events: 0 };
  const seen = new Map<string, Promise<void>>();
  const underWay = new Set<Promise<void>>();
  const failures: unknown[] = [];

  const items = readRetail(files, {
    ...(signal === undefined ? {} : { signal }),
    onProgress: (bytesRead, bytesTotal) => onProgress?.(bytesRead, bytesTotal, summary),
  });
  for await (const item of items) {
    if (failures.length > 0) break;
    if (item.kind === 'rejected') {
      summary.rows += 1;
      summary.rejected += 1;
      await rejects.write(item);
      continue;
    }
    const work = importDocument(item)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => underWay.delete(work));
    underWay.add(work);
    if (underWay.size >= documentsAtOnce) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (failures.length > 0) throw failures[0];
  return summary;

  async function importDocument(document: RetailDocument): Promise<void> {
    try {
      await Promise.all([
        introduceCustomer(document),
        ...document.lines.map((line) => introduceProduct(line, document.time)),
      ]);
      await (document.kind === 'sale' ? importSale(document) : importReturn(document));
    } catch (error) {
      if (
        !isLivefoldError(error, 'COMMAND_REJECTED') &&
        !isLivefoldError(error, 'BAD_USER_INPUT') &&
        !isLivefoldError(error, 'COMMAND_ID_REUSED')
      )
        throw error;
      await rejectDocument(document);
      return;
    }
    summary.rows += document.rows;
    summary.accepted += document.rows;
    if (document.kind === 'sale') summary.orders += 1;
    else summary.returns += 1;
  }

  async function importSale(document: RetailDocument): Promise<void> {
    const { invoice, time, customerId, country, lines } = document;
    const { place, pay, ship } = Order.commands;
    const order = { orderId: invoice, customerId, country, lines: toLines(lines), needsStock: false };
    count(
      await execute([place(invoice, order), pay(invoice, {}), ship(invoice, { carrier: 'Unknown' })], {
        commandId: `retail:sale:${invoice}`,
        request: contentOf(document),
        occurredAt: time,
      }),
    );
  }

  async function importReturn(document: RetailDocument): Promise<void> {
    const { invoice, time, customerId, country, lines } = document;
    const command = Returns.commands.takeBack(invoice, {
      returnId: invoice,
      orderId: null,
      customerId,
      country,
      lines: toLines(lines),
    });
    const commandId = `retail:return:${invoice}`;
    count(await execute(command, { commandId, request: contentOf(document), occurredAt: time }));
  }

  function introduceCustomer({ customerId, country, time }: RetailDocument): Promise<void> {
    if (customerId === null) return Promise.resolve();
    const command = registerUser({ id: customerId, name: `Customer ${customerId}`, country });
    // Another file may know the same customer from elsewhere: the first sight counts, whatever came with it.
    return once(`user:${customerId}`, () =>
      execute(command, { commandId: `retail:user:${customerId}`, request: customerId, occurredAt: time }),
    );
  }

  function introduceProduct({ stockCode, description, unitPrice }: RetailLine, time: Date): Promise<void> {
    return once(`product:${stockCode}`, () => {
      const name = description.trim().slice(0, 200) || stockCode;
      const command = Product.commands.add(stockCode, { sku: stockCode, name, price: unitPrice });
      return execute(command, {
        commandId: `retail:product:${stockCode}`,
        request: stockCode,
        occurredAt: time,
      });
    });
  }

  /** On first sight only. One that the shop knows from elsewhere is as good. */
  function once(key: string, work: () => Promise<Receipt>): Promise<void> {
    const known = seen.get(key);
    if (known !== undefined) return known;
    const introduced = work().then(count, (error: unknown) => {
      if (!isLivefoldError(error, 'COMMAND_REJECTED')) throw error;
    });
    seen.set(key, introduced);
    return introduced;
  }

  function count({ duplicate, eventIds }: Receipt): void {
    if (!duplicate) summary.events += eventIds.length;
  }

  /** The shop refused the whole document: each of its rows is told. */
  async function rejectDocument({ invoice, lines, rows }: RetailDocument): Promise<void> {
    summary.rows += rows;
    summary.rejected += rows;
    for (const { line, stockCode, quantity, unitPrice } of lines) {
      await rejects.write({
        kind: 'rejected',
        file: files.join(' '),
        line,
        reason: 'REFUSED_BY_SHOP',
        raw: `${invoice},${stockCode},${quantity},${unitPrice}`,
      });
    }
  }
}

/** What makes two documents the same: another one under the same number is told, not taken for the first. */
function contentOf({ time, customerId, country, lines }: RetailDocument): unknown {
  return [
    time.getTime(),
    customerId,
    country,
    ...lines.map(({ stockCode, quantity, unitPrice }) => [stockCode, quantity, unitPrice]),
  ];
}

function toLines(lines: readonly RetailLine[]) {
  return lines.map(({ stockCode, description, quantity, unitPrice }) =>
    lineOf({ sku: stockCode, name: description.trim() || stockCode, quantity, unitPrice }),
  );
}
