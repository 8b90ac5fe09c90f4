import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { everything } from '../../src/domain/query.ts';
import { Session } from '../../src/graphql/auth/session.ts';
import { coreResolvers } from '../../src/graphql/core-resolvers.ts';
import type { RunningBackend } from '../../src/main/start-backend.ts';
import { readTables } from './erasure/database-text.ts';
import { Member, type OpenMembers, openMembers } from './erasure/members.ts';
import { findWords } from './erasure/plaintext.ts';

let opened: OpenMembers;
let one: RunningBackend;
let other: RunningBackend;
beforeEach(async () => {
  opened = await openMembers();
  [one, other] = await Promise.all([opened.start(), opened.start()]);
});
afterEach(() => opened[Symbol.asyncDispose]());

const waiting = { timeout: 20_000 };
const name = (backend: RunningBackend, text: string) =>
  backend.execute(Member.commands.name('club', { name: text }));
const forget = (backend: RunningBackend) => backend.execute(Member.commands.forget('club', {}));

/** The source of the subscription `notifications`, which the test pulls as slowly as it likes. */
async function* notifications(backend: RunningBackend): AsyncGenerator<string | undefined> {
  const left = new AbortController();
  const session = new Session();
  const context = { backend, session, correlationId: 'c', resumeAfter: null, signal: left.signal };
  // As the executor calls it; its type allows for every form that a resolver may have.
  const { notifications: field } = coreResolvers.Subscription as unknown as { readonly notifications: Field };
  try {
    for await (const frame of await field.subscribe({}, { after: 0 }, context))
      yield frame.notifications.data.name;
  } finally {
    left.abort();
  }
}

type Field = { subscribe(root: object, args: object, context: object): Promise<AsyncIterable<Frame>> };
type Frame = { readonly notifications: { readonly data: { readonly name?: string } } };

async function take(frames: AsyncGenerator<string | undefined>, count: number) {
  const taken: (string | undefined)[] = [];
  while (taken.length < count) taken.push((await frames.next()).value ?? undefined);
  return taken;
}

test('a client that was slow to take its backlog is not told what was read for it before', async () => {
  for (const text of ['Quill', 'Quillfeather']) await name(one, text);
  const slow = [notifications(one), notifications(other)];
  for (const frames of slow) expect(await take(frames, 1)).toEqual(['Quill']);
  await forget(one);
  await vi.waitFor(async () => expect(await take(notifications(other), 1)).toEqual(['nobody']), waiting);
  const rest = ['friend of Quill', 'nobody', 'friend of Quillfeather', undefined];
  for (const frames of slow) {
    expect(await take(frames, 4)).toEqual(rest);
    await frames.return(undefined);
  }
});

test('a program that folds nothing hears of it too, and lets go of the events in its memory', async () => {
  await name(one, 'Quill');
  expect(await take(notifications(other), 1)).toEqual(['Quill']);
  const { epoch } = other.log;
  await forget(one);
  await vi.waitFor(() => expect(other.log.epoch).toBeGreaterThan(epoch), waiting);
  expect(await take(notifications(other), 3)).toEqual(['nobody', 'friend of Quill', undefined]);
  const names = (await Array.fromAsync(other.store.read(everything))).map(({ data }) => data);
  expect(names).toMatchObject([{ name: 'nobody' }, { name: 'friend of Quill' }, { id: 'ada' }]);
});

test('aggregates are loaded as if the forgotten had never said it, whatever snapshot there was', async () => {
  await name(one, 'Quill');
  for (const backend of [one, other])
    expect((await backend.repository.loadFresh(Member, 'club')).state).toEqual(['Quill', 'friend of Quill']);
  const before = await readTables(opened.url);
  expect([...before.keys()].filter((table) => before.get(table)?.includes('Member-club')).toSorted()).toEqual(
    ['livefold.events', 'livefold.snapshots'],
  );
  await forget(one);
  for (const backend of [one, other, await opened.start()]) {
    await vi.waitFor(async () => {
      const { state } = await backend.repository.loadFresh(Member, 'club');
      expect(state).toEqual(['nobody', 'friend of Quill', 'forgotten']);
    }, waiting);
  }
  await expect(name(other, 'Again')).rejects.toMatchObject({ code: 'SUBJECT_FORGOTTEN' });
  // The snapshots of before, of which nothing can be read, were no more than slow.
  expect([...one.repository.snapshotFaults.keys()]).toEqual(['SUBJECT_FORGOTTEN']);
  for (const [table, text] of await readTables(opened.url))
    expect([table, findWords({ name: 'Quill' }, text)]).toEqual([table, []]);
});
