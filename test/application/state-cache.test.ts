import { expect, test } from 'vitest';
import type { Loaded } from '../../src/application/loaded.ts';
import { StateCache } from '../../src/application/state-cache.ts';
import { fold } from '../../src/domain/fold.ts';

const Counter = { name: 'Counter', state: fold(0) };
const at = (version: number): Loaded<number> => ({
  state: version,
  version,
  position: version,
  subjects: [],
});

function cacheWith(size: number, ...ids: readonly string[]): StateCache {
  const cache = new StateCache(size);
  for (const id of ids) cache.keep(Counter, id, { loaded: at(1), epoch: cache.epoch });
  return cache;
}

test('is bounded and lets go of what was used longest ago', () => {
  const cache = cacheWith(2, 'a', 'b');
  cache.get(Counter, 'a');
  cache.keep(Counter, 'c', { loaded: at(1), epoch: cache.epoch });
  expect(['a', 'b', 'c'].map((id) => cache.get(Counter, id)?.version)).toEqual([1, undefined, 1]);
});

test('a newer state takes the place of an older one, and not the other way round', () => {
  const cache = cacheWith(2, 'a');
  for (const version of [3, 2]) cache.keep(Counter, 'a', { loaded: at(version), epoch: cache.epoch });
  expect(cache.get(Counter, 'a')?.version).toBe(3);
});

test('two definitions of one name do not get each other’s states', () => {
  const cache = cacheWith(2, 'a');
  const Other = { name: 'Counter', state: fold('') };
  expect(cache.get(Other, 'a')).toBeUndefined();
  cache.keep(Other, 'a', { loaded: { ...at(1), state: 'x' }, epoch: cache.epoch });
  expect(cache.get(Other, 'a')?.state).toBe('x');
  expect(cache.get(Counter, 'a')).toBeUndefined();
});

test('when cleared it is empty, and takes in nothing that was loaded before', () => {
  const cache = cacheWith(2, 'a');
  const { epoch } = cache;
  cache.clear();
  cache.keep(Counter, 'a', { loaded: at(2), epoch });
  expect(cache.get(Counter, 'a')).toBeUndefined();
  cache.keep(Counter, 'a', { loaded: at(2), epoch: cache.epoch });
  expect(cache.get(Counter, 'a')?.version).toBe(2);
});

test('what is forgotten is gone alone', () => {
  const cache = cacheWith(2, 'a', 'b');
  cache.forget(Counter, 'a');
  expect(['a', 'b'].map((id) => cache.get(Counter, id)?.version)).toEqual([undefined, 1]);
});
