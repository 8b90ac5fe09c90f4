import { sql } from 'drizzle-orm';
import type { Census, LeaseStore, Member, Unit } from '../../consumption/lease-store.ts';
import { unitOf } from '../../consumption/shards.ts';
import { arrangeConsumers } from './arrange-consumers.ts';
import { textArray } from './array-literal.ts';
import type { Database } from './database.ts';
import { announceMembers } from './postgres-news.ts';
import { reshape } from './reshape.ts';
import { run } from './statement.ts';
import { defaultSchema, livefoldTables } from './tables.ts';
import { translated } from './translate-error.ts';

/** A member that is not heard of for so many seconds is gone, and what it worked on is taken over. */
const leaseSeconds = 3;

type SeenUnit = Omit<Unit, 'name' | 'shard'> & { readonly shard: number; readonly shards: number };
type Seen = { readonly others: readonly Member[] | null; readonly units: readonly SeenUnit[] | null };

/**
 * Members and leases in Postgres. No statement waits for a unit that is being committed to, and none needs a session: there
 * is no advisory lock, so a pooler may give each to another connection.
 */
export function createPostgresLeaseStore(
  { beats }: Pick<Database, 'beats'>,
  schema: string = defaultSchema,
): LeaseStore {
  const tables = livefoldTables(schema);
  const { tracking, members, events } = tables;
  const announce = announceMembers(schema);
  const leaseEnd = sql`clock_timestamp() + make_interval(secs => ${leaseSeconds})`;

  async function beat(member: Member, asked: readonly string[]): Promise<Census> {
    const { id, name } = member;
    const consumers = sql`${JSON.stringify(member.consumers)}::text::jsonb`;
    const statement = sql`with me as (
        insert into ${members} (id, name, consumers, states, lease_end)
        values (${id}::uuid, ${name}, ${consumers}, ${JSON.stringify(member.states)}::text::jsonb, ${leaseEnd})
        on conflict (id) do update set consumers = excluded.consumers, states = excluded.states, lease_end = excluded.lease_end
        returning xmax = 0 as is_new, set_config('synchronous_commit', 'off', true)),
      gone as (
        delete from ${members} where id in (
          select id from ${members} where id <> ${id}::uuid and lease_end < clock_timestamp() - interval '1 minute' for update skip locked)),
      other as (
        select id, name, consumers, states, lease_end - clock_timestamp() as remains
        from ${members} where id <> ${id}::uuid and lease_end > clock_timestamp()),
      asked as (select jsonb_object_keys(consumers) as consumer from other union select unnest(${textArray([...Object.keys(member.consumers), ...asked])}::text[])),
      head as (select coalesce(max(position), 0) as position from ${events}),
      unit as (
        select a.consumer, a.shards, i as shard, u.consumer as name, u.position, u.token, u.owner, a.horizon, a.fault, a.definition,
          coalesce(u.beyond, case when u.position > head.position then head.position end) as beyond
        from head, ${tracking} a cross join lateral generate_series(0, a.shards - 1) as i
        join ${tracking} u on u.consumer = case a.shards when 1 then a.consumer else a.consumer || '#' || i || '/' || a.shards end
        where a.consumer in (select consumer from asked)),
      marked as (
        update ${tracking} t set beyond = unit.beyond from unit where t.consumer = unit.name and t.beyond is null and unit.beyond is not null)
      select
        (select position from head),
        (select ceil(extract(epoch from min(remains)) * 1000)::int from other),
        (select jsonb_build_object(
          'others', (select jsonb_agg(jsonb_build_object('id', id, 'name', name, 'consumers', consumers, 'states', states)) from other),
          'units', (select jsonb_agg(jsonb_build_object('consumer', consumer, 'shard', shard, 'shards', shards, 'position', position,
            'token', token, 'beyond', beyond, 'horizon', horizon, 'fault', fault, 'definition', definition, 'owner', case when owner = ${id}::uuid or owner in (select id from other) then owner end)) from unit))),
        (select ${announce} from me where is_new)`;
    const [census] = await run(beats, statement, ([head, nextEnd, seen]) => {
      // What the statement above makes.
      const { others, units } = seen as Seen;
      return {
        head: Number(head),
        nextEnd: nextEnd === null ? null : Number(nextEnd),
        members: [member, ...(others ?? [])],
        units: (units ?? []).map(toUnit),
      };
    });
    return census ?? { head: 0, nextEnd: null, members: [member], units: [] };
  }

  return {
    arrange: (consumers) =>
      translated('making room for consumers', async () => {
        const names = textArray(Object.keys(consumers));
        const counts = textArray(Object.values(consumers));
        const wanted = sql`(select u.name as consumer, u.count::int as shards, 0::bigint as start, null::text as definition, null::text as fault
          from unnest(${names}::text[], ${counts}::text[]) as u(name, count))`;
        await arrangeConsumers(beats, tables, wanted);
      }),

    beat: (member, consumers) => translated('saying that this process is up', () => beat(member, consumers)),

    take: (member, units) =>
      translated('taking over work', async () => {
        const statement = sql`update ${tracking} set owner = ${member}::uuid, token = token + 1 where consumer in (
            select t.consumer from ${tracking} t
            where t.consumer = any (${textArray(units)}::text[]) and t.shards = 1 and (t.owner is null or t.owner = ${member}::uuid
              or not exists (select from ${members} m where m.id = t.owner and m.lease_end > clock_timestamp()))
            for update skip locked)
          returning consumer, token`;
        return new Map(
          await run(beats, statement, ([unit, token]): [string, number] => [String(unit), Number(token)]),
        );
      }),

    release: (unit, { owner, token }) =>
      translated('giving work up', async () => {
        const statement = sql`update ${tracking} set owner = null
          where consumer = ${unit} and owner = ${owner}::uuid and token = ${token} returning ${announce}`;
        await run(beats, statement, () => undefined);
      }),

    leave: (member) =>
      translated('leaving the other processes', async () => {
        const statement = sql`with freed as (update ${tracking} set owner = null where owner = ${member}::uuid),
            gone as (delete from ${members} where id = ${member}::uuid)
          select ${announce}`;
        await run(beats, statement, () => undefined);
      }),

    reshape: (member, consumer, shards) =>
      translated(`spreading "${consumer}" over ${shards} shards`, () =>
        beats.transaction(async (transaction) => {
          const isDone = await reshape(transaction, tables, { member, consumer, shards });
          if (isDone) await run(transaction, sql`select ${announce}`, () => undefined);
          return isDone;
        }),
      ),
  };
}

function toUnit({ shard: index, shards: count, ...unit }: SeenUnit): Unit {
  const shard = { index, count };
  return { ...unit, shard, name: unitOf(unit.consumer, shard) };
}
