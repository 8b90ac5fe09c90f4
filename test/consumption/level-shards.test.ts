import { expect, test } from 'vitest';
import { createPostgresLeaseStore } from '../../src/adapters/postgres/postgres-lease-store.ts';
import type { HeldUnit } from '../../src/consumption/consumer.ts';
import { levelShards } from '../../src/consumption/level-shards.ts';
import { shardOfProjection, shardsOf } from '../../src/consumption/shards.ts';
import { counted } from './counters.ts';
import { openTallies } from './open-tallies.ts';
import { createTalliesDatabase, foldedRows, rowsOf, tally } from './tallies.ts';

test('shards are folded up to the furthest of them and no further, each under its lease', async () => {
  await using created = await createTalliesDatabase();
  const many = tally('many', { shards: 3 });
  await using opened = await openTallies(created.url, { project: false, projections: [many] });
  for (let n = 0; n < 40; n += 1) await opened.append(counted(`c${n % 9}`, `d${n}`));
  const { log, models, database } = opened.backend;
  const member = { id: crypto.randomUUID(), name: 'host:1', consumers: { many: 3 }, states: {} };
  const leases = createPostgresLeaseStore(database);
  const { units } = await leases.beat(member, []);
  const tokens = await leases.take(
    member.id,
    units.map(({ name }) => name),
  );
  const helds = units.map((unit): HeldUnit => {
    const lease = { owner: member.id, token: tokens.get(unit.name) ?? 0 };
    return { unit, lease, hasCompany: () => false, doubt: () => {} };
  });
  const events = await log.read(0);
  for (const [index, to] of [25, 10].entries()) {
    const held = helds.find(({ unit }) => unit.shard.index === index);
    const shard = shardOfProjection(many, { index, count: 3 });
    await models.apply(shard, { after: 0, to, events: events.slice(0, to), lease: held?.lease });
  }
  const { signal } = new AbortController();
  await levelShards(many, helds, { log, models, signal });
  for (const shard of shardsOf(3)) expect(await models.position(shardOfProjection(many, shard))).toBe(25);
  expect(await rowsOf(opened.session, many)).toEqual(foldedRows(many, events.slice(0, 25)));

  await leases.release('many#1/3', { owner: member.id, token: tokens.get('many#1/3') ?? 0 });
  const [first] = helds.filter(({ unit }) => unit.shard.index === 0);
  const shard = shardOfProjection(many, { index: 0, count: 3 });
  await models.apply(shard, { after: 25, to: 40, events: events.slice(25), lease: first?.lease });
  await expect(levelShards(many, helds, { log, models, signal })).rejects.toMatchObject({
    code: 'CONCURRENCY_CONFLICT',
  });
});
