import type postgres from 'postgres';
import { sleep } from '../src/kernel/async.ts';

export type SettleOptions = {
  readonly sql: postgres.Sql;
  /** Whether those who watch have seen everything up to a position. */
  readonly isSeen: (head: number) => boolean;
  readonly timeout: number;
  readonly onProgress: (open: readonly string[]) => void;
};

/** Waits until nothing is left to do; the answer is what still was when the time was over. */
export async function settle({
  sql,
  isSeen,
  timeout,
  onProgress,
}: SettleOptions): Promise<readonly string[]> {
  const end = performance.now() + timeout;
  let quietAt = -1;
  for (;;) {
    const { head, open } = await lookAround(sql);
    const left = isSeen(head) ? open : [...open, 'a subscriber has not seen everything'];
    // Twice the same end of the log, since what has just been handled may have led to a command.
    if (left.length === 0 && head === quietAt) return [];
    if (performance.now() > end) return left;
    onProgress(left);
    quietAt = left.length === 0 ? head : -1;
    await sleep(700);
  }
}

async function lookAround(
  sql: postgres.Sql,
): Promise<{ readonly head: number; readonly open: readonly string[] }> {
  const [row] = await sql<{ head: number; open: string[] }[]>`
    with head as (select coalesce(max(position), 0)::int as position from livefold.events)
    select (select position from head) as head, array(
      select consumer || ' is at ' || t.position || ' of ' || head.position from livefold.tracking t, head where t.shards = 1 and t.position < head.position
      union all select manager || ' has ' || count(*) || ' timers to see to' from livefold.timers where manager = 'reminders' or due_at < now() group by manager
      union all select consumer || ' has ' || count(*) || ' parked events' from livefold.parked group by consumer) as open`;
  return row ?? { head: 0, open: [] };
}
