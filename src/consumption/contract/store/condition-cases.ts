import assert from 'node:assert/strict';
import { everything, type Query } from '../../../domain/query.ts';
import type { EventStore } from '../../../persistence/event-store.ts';
import type { ContractCase } from '../contract-case.ts';
import { assertRejects, outcomeOf, readAll, sampleEvent } from '../sample-events.ts';
import { sampleQueries, variedEvents } from '../sample-queries.ts';

/** Dynamic Consistency Boundaries: "no event that matches this query behind position p" (https://dcb.events/specification/). */
export const conditionCases: readonly ContractCase<EventStore>[] = [
  { name: 'each kind of query fails on a match and passes without one', run: everyKind },
  { name: 'every query decides a condition as it is read', run: everyQuery },
  { name: 'a condition looks only behind its position', run: movingWindow },
  { name: 'a condition and an expected version hold together or not at all', run: withVersion },
  { name: 'of two writers with one condition exactly one wins', run: twoWriters },
  { name: 'no course is overbooked under 64 writers', run: courses },
];

async function everyKind(store: EventStore): Promise<void> {
  await store.append({ events: [sampleEvent({ type: 'A', stream: 'S-1', tags: ['x:1', 'y:1'] })] });
  const failing: readonly Query['items'][] = [
    [],
    [{}],
    [{ types: ['A'] }],
    [{ types: ['B', 'A'] }],
    [{ tags: ['x:1'] }],
    [{ tags: ['y:1', 'x:1'] }],
    [{ tags: [] }],
    [{ stream: 'S-1' }],
    [{ stream: 'S-1', types: ['A'], tags: ['y:1'] }],
    [{ stream: 'S-1', afterVersion: 0 }],
    [{ types: ['A'], afterVersion: 1 }],
    [{ types: ['B'] }, { tags: ['x:1'], types: ['A'] }],
  ];
  const passing: readonly Query['items'][] = [
    [{ types: ['B'] }],
    [{ types: [] }],
    [{ tags: ['x:2'] }],
    [{ tags: ['x:1', 'x:2'] }],
    [{ types: ['B'], tags: ['x:1'] }],
    [{ stream: 'S-2' }],
    [{ stream: 'S-1', afterVersion: 1 }],
    [
      { stream: 'S-1', types: ['B'] },
      { stream: 'S-1', tags: ['x:2'] },
    ],
  ];
  const tryWith = (items: Query['items']) =>
    outcomeOf(
      store.append({
        events: [sampleEvent({ type: 'Other', stream: 'Other' })],
        condition: { query: { items }, after: 0 },
      }),
    );
  for (const items of failing) assert.equal(await tryWith(items), 'conflict', JSON.stringify(items));
  assert.equal(await store.head(), 1);
  for (const items of passing) assert.equal(await tryWith(items), 'appended', JSON.stringify(items));
}

async function everyQuery(store: EventStore): Promise<void> {
  await store.append({ events: variedEvents() });
  for (const [index, query] of sampleQueries.entries()) {
    const after = [0, 7, 21][index % 3] ?? 0;
    const [match] = await readAll(store, query, { after, limit: 1 });
    const append = store.append({ events: [sampleEvent({ type: 'Other' })], condition: { query, after } });
    const expected = match === undefined ? 'appended' : 'conflict';
    assert.equal(await outcomeOf(append), expected, `${JSON.stringify(query)} behind ${after}`);
  }
}

async function movingWindow(store: EventStore): Promise<void> {
  for (let n = 0; n < 3; n += 1)
    await store.append({ events: [sampleEvent({ tags: ['x:1'] }), sampleEvent()] });
  const tryBehind = (after: number, query: Query) =>
    store.append({ events: [sampleEvent({ type: 'Other' })], condition: { query, after } });
  const tagged = { items: [{ tags: ['x:1'] }] };
  await assertRejects('CONCURRENCY_CONFLICT', tryBehind(4, tagged));
  await assertRejects('CONCURRENCY_CONFLICT', tryBehind(5, everything));
  await tryBehind(5, tagged);
  await tryBehind(7, everything);
  await tryBehind(8, { items: [{ types: ['Sampled'] }] });
  await assertRejects('INVALID_APPEND', tryBehind(-1, tagged));
  await assertRejects('INVALID_APPEND', tryBehind(9, { items: [{ tags: ['a\0'] }] }));
  assert.equal(await store.head(), 9);
}

async function withVersion(store: EventStore): Promise<void> {
  await store.append({ events: [sampleEvent({ tags: ['x:1'] })] });
  const tryWith = (version: number, after: number) =>
    outcomeOf(
      store.append({
        events: [sampleEvent({ stream: 'Sample-2' })],
        expected: [{ stream: 'Sample-2', version }],
        condition: { query: { items: [{ tags: ['x:1'] }] }, after },
      }),
    );
  assert.deepEqual(
    [await tryWith(1, 1), await tryWith(0, 0), await store.head()],
    ['conflict', 'conflict', 1],
  );
  assert.equal(await tryWith(0, 1), 'appended');
}

async function twoWriters(store: EventStore, another: () => Promise<EventStore>): Promise<void> {
  const stores = [store, await another()];
  for (let round = 1; round <= 20; round += 1) {
    const tag = `round:${round}`;
    const condition = { query: { items: [{ tags: [tag] }] }, after: 0 };
    const writers = stores.map((each, n) =>
      each.append({ events: [sampleEvent({ stream: `Writer-${n}`, tags: [tag] })], condition }),
    );
    assert.deepEqual((await Promise.all(writers.map(outcomeOf))).sort(), ['appended', 'conflict']);
    assert.equal(await store.head(), round);
  }
}

const capacity = 5;
const mostCourses = 3;

/** 64 writers for 16 students at once, each for 6 courses of 5 seats; nobody takes more than 3 nor one twice. */
async function courses(store: EventStore, another: () => Promise<EventStore>): Promise<void> {
  const stores = [store, await another(), await another(), await another()];
  const writers = stores.flatMap((each) =>
    Array.from({ length: 16 }, (_, n) => bookAll(each, `student:${n}`)),
  );
  await Promise.all(writers);
  const booked = (await readAll(store, everything)).map(({ tags }) => tags);
  const countBy = (index: 0 | 1) =>
    Map.groupBy(booked, (tags) => tags[index] ?? '')
      .values()
      .map((some) => some.length);
  for (const count of countBy(0)) assert.equal(count, capacity);
  for (const count of countBy(1)) assert.ok(count <= mostCourses, `a student is in ${count} courses`);
  assert.equal(new Set(booked.map(String)).size, booked.length);
  assert.equal(booked.length, 6 * capacity);
}

async function bookAll(store: EventStore, student: string): Promise<void> {
  for (let n = 0; n < 6; n += 1) while (!(await book(store, `course:${n}`, student)));
}

/** Whether it is settled: booked, or not to be booked any more. */
async function book(store: EventStore, course: string, student: string): Promise<boolean> {
  const query = { items: [{ tags: [course] }, { tags: [student] }] };
  const known = await readAll(store, query);
  const inCourse = known.filter(({ tags }) => tags.includes(course));
  const ofStudent = known.filter(({ tags }) => tags.includes(student));
  const isRefused =
    inCourse.length >= capacity ||
    ofStudent.length >= mostCourses ||
    inCourse.some(({ tags }) => tags.includes(student));
  if (isRefused) return true;
  const condition = { query, after: known.at(-1)?.position ?? 0 };
  return (
    (await outcomeOf(
      store.append({ events: [sampleEvent({ stream: course, tags: [course, student] })], condition }),
    )) === 'appended'
  );
}
