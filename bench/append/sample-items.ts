import { randomUUID } from 'node:crypto';
import { createId } from '../../src/kernel/ids.ts';
import type { AppendItem } from '../../src/persistence/event-store.ts';

/** What a command on a new order appends: one event of 120 bytes of JSON with two tags, and the command's id. */
export type SampleItem = AppendItem & { readonly command: NonNullable<AppendItem['command']> };

/** So many appends, each to a stream of its own. */
export function sampleItems(count: number): readonly SampleItem[] {
  return Array.from({ length: count }, sampleItem);
}

function sampleItem(): SampleItem {
  const orderId = randomUUID();
  const customerId = Math.floor(Math.random() * 5_000);
  const sku = Math.floor(Math.random() * 3_000);
  const commandId = randomUUID();
  const event = {
    id: createId(),
    stream: `Order-${orderId}`,
    type: 'OrderPlaced',
    schemaVersion: 1,
    data: {
      orderId,
      customerId: `${customerId}`,
      lines: [{ sku: `SKU-${sku}`, quantity: 3, unitPrice: '4.25' }],
    },
    tags: [`customer:${customerId}`, `product:${sku}`],
    correlationId: commandId,
    causationId: commandId,
    actor: `customer-${customerId}`,
    tenant: null,
    metadata: null,
    occurredAt: new Date(),
  };
  const expected = [{ stream: event.stream, version: 'noStream' as const }];
  return {
    events: [event],
    expected,
    command: { id: commandId, fingerprint: commandId.replaceAll('-', '').repeat(2) },
  };
}
