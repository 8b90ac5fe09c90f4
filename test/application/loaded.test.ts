import { expect, test } from 'vitest';
import { foldOn, unloaded } from '../../src/application/loaded.ts';
import { sampleEvent } from '../../src/consumption/contract/sample-events.ts';
import type { NewEvent, StoredEvent } from '../../src/domain/event.ts';
import { Entered, ledgerWith, Signed } from './ledger.ts';

const ledger = ledgerWith();

function stored(event: NewEvent, version: number): StoredEvent {
  return { ...sampleEvent(event), version, position: 10 * version, recordedAt: new Date() };
}

test('folding on stored events moves version and position', () => {
  const first = foldOn(ledger, unloaded(ledger), [stored(Entered({ amount: 1 }), 1)]);
  expect(first).toEqual({
    state: { entries: 1, check: 1, signed: '' },
    version: 1,
    position: 10,
    subjects: [],
  });
  const more = [stored(Entered({ amount: 2 }), 2), stored(Entered({ amount: 3 }), 3)];
  expect(foldOn(ledger, first, more)).toMatchObject({ state: { entries: 3 }, version: 3, position: 30 });
  expect(foldOn(ledger, first, [])).toBe(first);
});

test('events that are not stored yet have no position to move to', () => {
  const loaded = foldOn(ledger, { ...unloaded(ledger), position: 7 }, [sampleEvent(Entered({ amount: 1 }))]);
  expect(loaded).toMatchObject({ version: 1, position: 7 });
});

test('the subjects of all events are gathered, each once', () => {
  const [ada, bob] = [Signed({ by: 'ada' }), Signed({ by: 'bob' })];
  const from = { ...unloaded(ledger), subjects: ['user:eve'] };
  const loaded = foldOn(ledger, from, [ada, bob, ada, Entered({ amount: 1 })].map(stored));
  expect(loaded.subjects).toEqual(['user:eve', 'user:ada', 'user:bob']);
  expect(foldOn(ledger, loaded, [stored(ada, 5)]).subjects).toBe(loaded.subjects);
});
