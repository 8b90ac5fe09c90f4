import { expect, test } from 'vitest';
import { createMemoryPersistence } from '../../../src/adapters/memory/memory-persistence.ts';
import { storeContract } from '../../../src/consumption/contract/store-contract.ts';
import type { PreparedEvent, StoredEvent } from '../../../src/domain/event.ts';
import { nextTurn } from '../../../src/kernel/async.ts';
import type { AppendItem, EventStore } from '../../../src/persistence/event-store.ts';
import { runCase } from './run-case.ts';

/** What the suite is for: stores that lose, double, mix or leak, each with the case that must go red. */
type BrokenStore = {
  readonly fault: string;
  readonly change: (store: EventStore) => Partial<EventStore>;
  readonly caughtBy: string;
};

const brokenStores: readonly BrokenStore[] = [
  {
    fault: 'stores the events of an append one by one',
    change: (store) => ({ append: (item) => appendOneByOne(store, item) }),
    caughtBy: 'one bad event keeps the whole append out',
  },
  {
    fault: 'lets others write between the events of an append',
    change: (store) => ({ append: (item) => appendOneByOne(store, item) }),
    caughtBy: "the positions of one append are never interleaved with another's",
  },
  {
    fault: 'looks first and writes later',
    change: (store) => ({
      async append({ expected = [], ...item }) {
        for (const { stream, version } of expected)
          if ((await Array.fromAsync(store.read({ items: [{ stream }] }))).length !== version)
            return store.append({ ...item, expected });
        await nextTurn();
        return store.append(item);
      },
    }),
    caughtBy: 'of many writers of one version exactly one wins',
  },
  {
    fault: 'shows events late, as positions from a sequence do',
    change: showingLate,
    caughtBy: 'two readers that are up with ten writers step over no event',
  },
  {
    fault: 'skips an event at the end of a page',
    change: (store) => ({
      read: (query, { after = 0, ...options } = {}) =>
        store.read(query, { ...options, after: after > 0 && after % 500 === 0 ? after + 1 : after }),
    }),
    caughtBy: 'two readers that are up with ten writers step over no event',
  },
  {
    fault: 'takes no condition for one that holds',
    change: (store) => ({ append: ({ condition, ...item }) => store.append(item) }),
    caughtBy: 'no course is overbooked under 64 writers',
  },
  {
    fault: 'forgets commands',
    change: (store) => ({ append: ({ command, ...item }) => store.append(item) }),
    caughtBy: 'twenty sends of one command at once are one append',
  },
  {
    fault: 'hands out what it keeps',
    change: handingOut,
    caughtBy: 'what was given or read may be changed, and what is stored stays',
  },
  {
    fault: 'keeps bytes as JSON',
    change: (store) => ({
      append: (item) => store.append({ ...item, events: item.events.map(throughJson) }),
    }),
    caughtBy: 'bytes come back as the same bytes',
  },
  {
    fault: 'takes streams of another case for the same',
    change: (store) => ({
      append: (item) => store.append({ ...item, events: item.events.map(inLowerCase) }),
      read: ({ items }, options) =>
        store.read({ items: items.map((one) => ({ ...one, ...lowerStream(one) })) }, options),
    }),
    caughtBy: 'streams of similar names are apart',
  },
  {
    fault: 'counts the limit before it filters',
    change: (store) => ({
      async *read({ items }, options) {
        for await (const event of store.read({ items: [] }, options))
          if (items.length === 0 || items.some(({ types }) => types?.includes(event.type) ?? true))
            yield event;
      },
    }),
    caughtBy: 'every query is read in every range, limit and direction',
  },
];

async function appendOneByOne(store: EventStore, { events, ...rest }: AppendItem) {
  const [first, ...others] = events;
  let receipt = await store.append({ ...rest, events: first === undefined ? [] : [first] });
  for (const event of others) receipt = await store.append({ events: [event] });
  return receipt;
}

/** Every seventh append is seen some turns after those behind it. */
function showingLate(store: EventStore): Partial<EventStore> {
  const hidden = new Set<string>();
  let appends = 0;
  return {
    async append(item) {
      appends += 1;
      const late = appends % 7 === 0 ? item.events.map(({ id }) => id) : [];
      for (const id of late) hidden.add(id);
      const receipt = await store.append(item);
      for (let turn = 0; turn < 5; turn += 1) await nextTurn();
      for (const id of late) hidden.delete(id);
      return receipt;
    },
    async *read(query, options) {
      for await (const event of store.read(query, options)) if (!hidden.has(event.id)) yield event;
    },
  };
}

function handingOut(store: EventStore): Partial<EventStore> {
  const kept = new Map<string, StoredEvent>();
  return {
    async *read(query, options) {
      for await (const event of store.read(query, options)) {
        if (!kept.has(event.id)) kept.set(event.id, event);
        yield kept.get(event.id) ?? event;
      }
    },
  };
}

function throughJson(event: PreparedEvent): PreparedEvent {
  return event.data === undefined ? event : { ...event, data: JSON.parse(JSON.stringify(event.data)) };
}

function inLowerCase(event: PreparedEvent): PreparedEvent {
  return { ...event, stream: event.stream.toLowerCase() };
}

function lowerStream({ stream }: { readonly stream?: string }) {
  return stream === undefined ? {} : { stream: stream.toLowerCase() };
}

test.each(brokenStores)('a store that $fault does not pass', async ({ change, caughtBy }) => {
  const runWith = (changed: BrokenStore['change']) =>
    runCase(caughtBy, (framework) => {
      const createStore = async () => {
        const { events } = createMemoryPersistence();
        return { store: { ...events, ...changed(events) }, async [Symbol.asyncDispose]() {} };
      };
      storeContract('broken', createStore, framework);
    });
  await runWith(() => ({}));
  await expect(runWith(change)).rejects.toThrow();
});
