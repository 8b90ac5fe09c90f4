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

/** From here on, what is parked waits until somebody asks: retries by themselves, of which the first may come at once, would come in between. */
export async function withoutRetries({ session }: Pick<OpenCounters, 'session'>): Promise<void> {
  await session.execute(sql`create or replace function livefold.no_retry() returns trigger language plpgsql as
    $$ begin new.next_try := null; return new; end $$`);
  await session.execute(sql`create or replace trigger no_retry before insert or update on livefold.parked
    for each row when (new.failures > 0) execute function livefold.no_retry()`);
  await session.execute(sql`update livefold.parked set next_try = null where failures > 0`);
}

export const withoutPosition = (rows: readonly object[]) =>
  rows.map((row) => ({ ...row, position: undefined }));
