import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { vi } from 'vitest';
import type { Session } from '../../src/adapters/postgres/database.ts';
import { Program } from '../support/program.ts';

const script = join(import.meta.dirname, 'tallying-process.ts');

/** Starts a process that runs its share of the tallies. */
export async function startTallying(url: string, shards = 4): Promise<Program & { readonly pid: number }> {
  const program = new Program([script, url, String(shards)], { env: {} });
  const [, pid] = await program.line(/up (\d+)/);
  return Object.assign(program, { pid: Number(pid) });
}

export type HeldRow = {
  readonly unit: string;
  readonly position: number;
  readonly token: number;
  /** The process id of the member that has it, if that is up. */
  readonly pid: number | null;
};

/** Who works on what. */
export async function heldUnits(session: Session): Promise<readonly HeldRow[]> {
  const rows = await session.execute<HeldRow>(sql`
    select t.consumer as unit, t.position::int, t.token::int, split_part(m.name, ':', 2)::int as pid
    from livefold.tracking t left join livefold.members m on m.id = t.owner and m.lease_end > clock_timestamp()
    where t.shards = 1 order by t.consumer`);
  return [...rows];
}

/** How many units each process has, most first; undefined while any is nobody's. */
export async function shares(session: Session): Promise<readonly number[] | undefined> {
  const held = await heldUnits(session);
  if (held.some(({ pid }) => pid === null)) return undefined;
  return [...Map.groupBy(held, ({ pid }) => pid).values()].map(({ length }) => length).sort((a, b) => b - a);
}

/** Waits until something is so; generously, since nothing here is about speed. */
export function eventually(check: () => Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 40_000, interval: 20 });
}
