import { sql } from 'drizzle-orm';
import { expect, vi } from 'vitest';
import type { ParkedKey } from '../../src/consumption/parked-store.ts';
import type { StoredEvent } from '../../src/domain/event.ts';
import type { OpenCounters } from './open-counters.ts';

/** Handlers of counters that throw where a test says, as `position key`. */
export function moody() {
  const bad = new Set<string>();
  return {
    bad,
    onFold({ position }: StoredEvent, key: string) {
      if (bad.has(`${position} ${key}`)) throw new RangeError('Ada Lovelace is no number');
      return undefined;
    },
  };
}

export const parkedOf = ({ backend }: Pick<OpenCounters, 'backend'>): Promise<readonly ParkedKey[]> =>
  backend.models.parked.list('counters', { first: 100 });

export async function waitUntilFree(opened: Pick<OpenCounters, 'backend'>): Promise<void> {
  await vi.waitFor(async () => expect(await parkedOf(opened)).toEqual([]), 30_000);
}

/** Has keys parked until somebody asks: retries by themselves would come in between. */
export const withoutRetries = ({ session }: Pick<OpenCounters, 'session'>) =>
  session.execute(sql`update livefold.parked set next_try = null where next_try is not null`);

export const withoutPosition = (rows: readonly object[]) =>
  rows.map((row) => ({ ...row, position: undefined }));
