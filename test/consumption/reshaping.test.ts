import { expect, test, vi } from 'vitest';
import type { AnyProjection } from '../../src/consumption/projection.ts';
import { shardOf } from '../../src/consumption/shards.ts';
import { counted, removed } from './counters.ts';
import { type OpenTallies, openTallies } from './open-tallies.ts';
import { eventually, heldUnits } from './spread.ts';
import { createTalliesDatabase, tallies, tally } from './tallies.ts';

async function write({ append }: OpenTallies, appends: number): Promise<void> {
  for (let n = 0; n < appends; n += 1) {
    await append(counted(`c${n % 30}`, `d${n % 11}`), counted('all'));
    if (n % 7 === 0) await append(removed(`c${n % 13}`));
  }
}

const shardNames = async ({ session }: OpenTallies): Promise<readonly string[]> =>
  (await heldUnits(session)).map(({ unit }) => unit).filter((unit) => unit.startsWith('many'));

const many = (count: number): readonly string[] =>
  count === 1 ? ['many'] : Array.from({ length: count }, (_, index) => `many#${index}/${count}`);

/** What a fault says of an error that this file threw. */
const thrownHere = expect.stringMatching(/ threw Error \(reshaping\.test\.ts:/);

/** Fails for the keys of one shard of four, so that the shards come apart. */
function lame(shards: number): readonly AnyProjection[] {
  const one = tally('many', { shards, onError: () => 'retry' });
  const { handlerOf } = one;
  vi.spyOn(one, 'handlerOf').mockImplementation((type) => {
    const handler = handlerOf.call(one, type);
    if (handler === undefined) return undefined;
    return {
      ...handler,
      fold(row, event, key) {
        if (shardOf(key, 4) === 2) throw new Error('lame');
        return handler.fold?.(row, event, key);
      },
    };
  });
  return [one];
}

test('a projection is spread over another number of shards at each deployment, and no event counts twice', async () => {
  await using created = await createTalliesDatabase();
  for (const count of [1, 4, 3, 1, 2]) {
    await using opened = await openTallies(created.url, { projections: [tally('many', { shards: count })] });
    await write(opened, 20);
    await eventually(async () => expect(await shardNames(opened)).toEqual(many(count)));
    await opened.settle();
    // What a process says of it follows with its next heartbeat.
    await eventually(async () =>
      expect(opened.running('many').shards.map(({ shard }) => shard.count)).toEqual(
        many(count).map(() => count),
      ),
    );
    expect(await opened.rows()).toEqual(await opened.folded());
  }
});

test('shards that stand at different positions are brought level before they are cut anew', async () => {
  await using created = await createTalliesDatabase();
  {
    await using opened = await openTallies(created.url, { projections: lame(4) });
    await write(opened, 30);
    const head = await opened.backend.log.head();
    await eventually(async () => {
      const positions = (await heldUnits(opened.session)).map(({ position }) => position);
      expect(positions.filter((position) => position === head)).toHaveLength(3);
    });
    expect(opened.running('many')).toMatchObject({ status: 'RETRYING', lastError: thrownHere });
    expect(opened.running('many').feed.position).toBeLessThan(head);
  }
  {
    // What cannot be brought level stays as it is: it works as far as it can, and says what is wrong.
    await using opened = await openTallies(created.url, { projections: lame(3) });
    const head = await opened.append(counted('more'));
    await eventually(async () => {
      const positions = (await heldUnits(opened.session)).map(({ position }) => position);
      expect(positions.filter((position) => position === head)).toHaveLength(3);
      expect(opened.running('many')).toMatchObject({ status: 'RETRYING', lastError: thrownHere });
    });
    expect(await shardNames(opened)).toEqual(many(4));
  }
  await using opened = await openTallies(created.url, { projections: [tally('many', { shards: 3 })] });
  await eventually(async () => expect(await shardNames(opened)).toEqual(many(3)));
  await opened.settle();
  expect(await opened.rows()).toEqual(await opened.folded());
});

test('while processes of both numbers are up it stays as it is, and all work; it changes when the last of the older ones has left', async () => {
  await using created = await createTalliesDatabase();
  await using older = await openTallies(created.url);
  await using newer = await openTallies(created.url, { projections: tallies(6) });
  await using newest = await openTallies(created.url, { projections: tallies(6) });
  await eventually(async () => {
    const owners = older.running('many').shards.map(({ owner }) => owner?.id);
    expect(new Set(owners).size).toBe(3);
  });
  await write(newer, 20);
  expect(await shardNames(newest)).toEqual(many(4));
  await older.backend.stop();
  await write(newest, 20);
  await eventually(async () => expect(await shardNames(newest)).toEqual(many(6)));
  await newer.settle();
  await newest.settle();
  expect(await newest.rows()).toEqual(await newest.folded());
});
