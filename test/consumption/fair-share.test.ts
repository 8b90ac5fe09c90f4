import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fairShare, isToBeReshaped } from '../../src/consumption/fair-share.ts';
import { shardsOf, unitOf } from '../../src/consumption/shards.ts';

type Setting = { readonly consumers: readonly number[]; readonly members: number };

const memberId = (index: number): string => `member ${index}`;
const names = (consumers: readonly number[]): readonly string[] =>
  consumers.map((_, index) => `consumer ${index}`);

function membersOf({ consumers, members }: Setting) {
  const able = Object.fromEntries(consumers.map((count, index) => [`consumer ${index}`, count]));
  return Array.from({ length: members }, (_, index) => ({ id: memberId(index), consumers: able }));
}

function unitsOf({ consumers }: Setting, ownerOf: (unit: string) => string | null) {
  return consumers.flatMap((count, index) =>
    shardsOf(count).map((shard) => {
      const consumer = `consumer ${index}`;
      const name = unitOf(consumer, shard);
      return { name, consumer, shard, owner: ownerOf(name) };
    }),
  );
}

/** How many of some units each member has. */
function counts(share: ReadonlyMap<string, string>, members: number, isMeant = (_: string) => true) {
  const owners = [...share].filter(([unit]) => isMeant(unit)).map(([, owner]) => owner);
  return Array.from(
    { length: members },
    (_, index) => owners.filter((owner) => owner === memberId(index)).length,
  );
}

const difference = (all: readonly number[]): number => Math.max(...all) - Math.min(...all);

const setting = fc.record({
  consumers: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 7 }),
  members: fc.integer({ min: 1, max: 6 }),
});
/** Who has what now: members that are up, some that are gone, nobody. */
const owned = fc.func(fc.option(fc.integer({ min: 0, max: 8 }).map(memberId), { nil: null }));

test('every unit has one member, each sharded consumer is spread evenly, and so are all units together', () =>
  fc.assert(
    fc.property(setting, owned, (given, ownerOf) => {
      const units = unitsOf(given, ownerOf);
      const share = fairShare(units, membersOf(given));
      expect(share.size).toBe(units.length);
      expect(difference(counts(share, given.members))).toBeLessThan(2);
      for (const name of names(given.consumers)) {
        const ofConsumer = counts(share, given.members, (unit) => `${unit}#`.startsWith(`${name}#`));
        expect(difference(ofConsumer)).toBeLessThan(2);
      }
    }),
  ));

test('when everyone has what is theirs, nothing changes hands; whoever reckons, in whatever order, gets the same', () =>
  fc.assert(
    fc.property(setting, owned, (given, ownerOf) => {
      const members = membersOf(given);
      const share = fairShare(unitsOf(given, ownerOf), members);
      const settled = unitsOf(given, (unit) => share.get(unit) ?? null);
      expect(fairShare(settled.toReversed(), members.toReversed())).toEqual(share);
    }),
  ));

test('who joins gets units from the others, and none changes hands between those', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 5 }), (consumers, members) => {
      const given = { consumers: Array.from({ length: consumers }, () => 1), members };
      const before = fairShare(
        unitsOf(given, () => null),
        membersOf(given),
      );
      const more = { ...given, members: members + 1 };
      const after = fairShare(
        unitsOf(more, (unit) => before.get(unit) ?? null),
        membersOf(more),
      );
      const moved = [...after].filter(([unit, owner]) => owner !== before.get(unit));
      expect(new Set(moved.map(([, owner]) => owner))).toEqual(
        new Set(moved.length === 0 ? [] : [memberId(members)]),
      );
    }),
  ));

test('a member gets only what it can run, and what nobody can run is left out', () => {
  const members = [
    { id: 'a', consumers: { one: 1, two: 1 } },
    { id: 'b', consumers: { two: 1, three: 1, four: 1 } },
    { id: 'c', consumers: {} },
  ];
  const units = ['one', 'two', 'three', 'four', 'five'].map((name) => ({
    ...{ name, consumer: name, owner: null },
    shard: { index: 0, count: 1 },
  }));
  const share = fairShare(units, members);
  expect(Object.fromEntries(share)).toEqual({ one: 'a', two: 'a', three: 'b', four: 'b' });
});

test('shards are cut anew when all who can run them want it, and one member has them all for that', () => {
  const units = shardsOf(4).map((shard) => ({
    ...{ name: unitOf('many', shard), consumer: 'many', shard },
    owner: shard.index === 0 ? 'a' : 'b',
  }));
  const older = { id: 'a', consumers: { many: 4 } };
  const newer = ['b', 'c'].map((id) => ({ id, consumers: { many: 3 } }));
  expect(isToBeReshaped('many', units, [older, ...newer])).toBe(false);
  expect(new Set(fairShare(units, [older, ...newer]).values()).size).toBe(3);
  expect(isToBeReshaped('many', units, newer)).toBe(true);
  expect([...fairShare(units, newer).values()]).toEqual(['b', 'b', 'b', 'b']);
});
