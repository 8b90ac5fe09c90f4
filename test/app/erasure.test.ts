import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { cli } from '../clients/shop.ts';
import { Program } from '../support/program.ts';
import { ForgetfulShops, type Logged, type Seen, transports, waiting } from './erasure/forgetful-shops.ts';
import {
  ada,
  adasNewEmail,
  bob,
  eve,
  forgotten,
  logQuery,
  remembered,
  userFields,
  usersQuery,
} from './erasure/people.ts';
import { findWords } from './erasure/plaintext.ts';
import { changeEmail, registerUser } from './operations.ts';

let shops: ForgetfulShops;
let before: Seen;
beforeAll(async () => {
  shops = await ForgetfulShops.start();
  before = shops.before;
});
afterAll(() => shops[Symbol.asyncDispose]());

const wordsIn = (words: Readonly<Record<string, string>>, texts: readonly string[]): readonly string[] =>
  findWords(words, Buffer.from(texts.join('\n')));

describe('before, the searches find', () => {
  test('in the database: what the read table holds; the log and the keys never held it', () => {
    const all = Object.keys({ ...forgotten, ...remembered });
    const found = new Map(
      [...before.tables].map(([table, text]) => [table, findWords({ ...forgotten, ...remembered }, text)]),
    );
    const holding = [...found].filter(([, words]) => words.length > 0);
    expect(holding.map(([table]) => table)).toEqual([expect.stringMatching(/\.users$/)]);
    const inUsers = holding[0]?.[1] ?? [];
    // Ada's first email address is in no read table any more.
    for (const what of all.filter((one) => one !== 'first email'))
      expect(inUsers.some((one) => one.startsWith(what))).toBe(true);
    expect([...before.tables.keys()]).toEqual(
      expect.arrayContaining(['livefold.events', 'livefold.keys', 'livefold.commands', 'livefold.tags']),
    );
    if (before.dump !== undefined) expect(findWords(forgotten, before.dump)).not.toEqual([]);
  });

  test('in the frames: all', () => {
    for (const { what, subscription, framesBefore } of shops.watched) {
      const found = wordsIn(forgotten, subscription.frames.slice(0, framesBefore));
      expect(found).toContain('second email (plain)');
      if (what === 'log') expect(found).toContain('first email (plain)');
    }
  });
});

describe('after', () => {
  let after: Seen;
  beforeAll(async () => {
    after = await shops.look();
  });

  test('the events are as they were, but for what they said of the forgotten', () => {
    const envelopes = (events: readonly Logged[]) => events.map(({ data: _, ...envelope }) => envelope);
    const old = after.log.slice(0, before.log.length);
    expect(envelopes(old)).toEqual(envelopes(before.log));
    expect(after.log.slice(before.log.length)).toMatchObject([
      { type: 'UserForgotten', version: 3, data: { userId: ada.id } },
      { type: 'UserForgotten', version: 2, data: { userId: bob.id } },
    ]);
    const dataOf = (type: string) => old.filter((one) => one.type === type).map(({ data }) => data);
    expect(dataOf('UserRegistered')).toEqual([
      { userId: eve.id, email: eve.email, name: eve.name, country: eve.country },
      { userId: ada.id, email: null, name: 'Forgotten user', country: null },
      { userId: bob.id, email: null, name: 'Forgotten user', country: null },
    ]);
    expect(dataOf('EmailChanged')).toEqual([{ userId: ada.id, email: '', previous: null }]);
    const others = (events: readonly Logged[]) => events.filter(({ type }) => /^(Order|Product)/.test(type));
    expect(others(old)).toEqual(others(before.log));
  });

  test('every query of both programs reads erased fields, and the orders stay', async () => {
    const erased = { email: null, name: 'Forgotten user', country: null };
    for (const shop of shops.both) {
      await vi.waitFor(async () => {
        const { notificationLog } = await shop.data(logQuery);
        expect(notificationLog.nodes.slice(0, after.log.length)).toEqual(after.log);
      }, waiting);
      const { users } = await shop.data(usersQuery, { at: shops.forgotAt });
      expect(users.nodes).toMatchObject([
        { id: ada.id, ...erased, orderCount: 1, totalSpent: '9' },
        { id: bob.id, ...erased, orderCount: 0 },
        { ...eve, forgottenAt: null },
      ]);
      expect(users.nodes[0].forgottenAt).not.toBeNull();
      const query = `{ user(id: "u-1") { ${userFields} } byEmail: users(filter: { email: { eq: "${adasNewEmail}" } }) { nodes { id } }
        now: order(id: "o-1") { status total customer { ${userFields} } }
        was: order(id: "o-1", asOf: { version: 1 }) { status total customer { ${userFields} } }
        salesByCountry { country orders } }`;
      const data = await shop.data(query);
      expect(data.user).toEqual(users.nodes[0]);
      expect(data.byEmail.nodes).toEqual([]);
      expect(data.now).toEqual({ status: 'PLACED', total: '9', customer: data.user });
      expect(data.was).toEqual(data.now);
      expect(data.salesByCountry).toEqual([{ country: 'Norway', orders: 1 }]);
    }
  });

  test('live subscribers of both programs got a DELTA with what is left', async () => {
    await vi.waitFor(() => {
      for (const { what, subscription, framesBefore } of shops.watched) {
        const types = subscription.data.map(({ notifications }) => notifications?.type);
        if (what === 'log') expect(types.filter((type) => type === 'UserForgotten')).toHaveLength(2);
        else {
          // The answer may have overtaken the frame about Ada, or not.
          const frames = subscription.data.slice(Math.max(framesBefore - 1, 1)).map(({ users }) => users);
          expect(frames.map(({ kind }) => kind)).toEqual(frames.map(() => 'DELTA'));
          const rows = frames.flatMap(({ upserted }) => upserted);
          for (const id of [ada.id, bob.id])
            expect(rows).toContainEqual(
              expect.objectContaining({ id, name: 'Forgotten user', email: null, country: null }),
            );
        }
      }
    }, waiting);
  });

  test('subscribers that come, or come back behind an old position, are told nothing', async () => {
    for (const shop of shops.both) {
      for (const transport of transports) {
        const users = await shops.watch(shop, 'users', transport, { after: shops.oldPosition });
        const log = await shops.watch(shop, 'log', transport, { after: '0' });
        const all = await shops.watch(shop, 'users', transport, { after: '0' });
        await vi.waitFor(() => {
          expect(users.data.some(({ users }) => users.live)).toBe(true);
          expect(all.data.some(({ users }) => users.live)).toBe(true);
          expect(log.frames).toHaveLength(after.log.length);
        }, waiting);
        expect(users.data.flatMap(({ users }) => users.upserted)).toMatchObject(
          expect.arrayContaining([expect.objectContaining({ id: ada.id, name: 'Forgotten user' })]),
        );
        expect(log.data.map(({ notifications }) => notifications.data)).toEqual(
          after.log.map(({ data }) => data),
        );
        expect(
          wordsIn(
            forgotten,
            [users, all, log].flatMap(({ frames }) => frames),
          ),
        ).toEqual([]);
        expect(wordsIn(remembered, [...all.frames])).not.toEqual([]);
      }
      const resumed = await shops.watch(shop, 'log', 'SSE', { lastEventId: shops.oldPosition });
      await vi.waitFor(() => expect(resumed.frames).toHaveLength(after.log.length - 2), waiting);
      expect(wordsIn(forgotten, resumed.frames)).toEqual([]);
    }
  });

  test('old command ids give their old receipts, and tell nothing', async () => {
    for (const shop of shops.both) {
      const { registerUser: again } = await shop.data(registerUser, { input: ada, id: 'register-ada' });
      expect(again.receipt).toEqual({ ...shops.firstReceipt, duplicate: true });
      expect(again.user).toMatchObject({ id: ada.id, name: 'Forgotten user', email: null });
      const input = { userId: ada.id, email: adasNewEmail };
      const { changeEmail: changed } = await shop.data(changeEmail, { input, id: 'change-ada' });
      expect(changed.receipt.duplicate).toBe(true);
      expect(changed.user).toEqual({ id: ada.id, email: null });
    }
  });

  test('no byte of the forgotten is left in the database; of others it is', async () => {
    const { tables, dump } = await shops.look();
    for (const [table, text] of tables) expect([table, findWords(forgotten, text)]).toEqual([table, []]);
    expect(findWords(remembered, Buffer.concat([...tables.values()]))).toHaveLength(9);
    if (dump === undefined) return;
    expect(findWords(forgotten, dump)).toEqual([]);
    expect(findWords(remembered, dump)).not.toEqual([]);
  });

  test('no frame since the answer tells anything', () => {
    const bobs = Object.fromEntries(Object.entries(forgotten).filter(([what]) => what.startsWith('Bob')));
    for (const { subscription, framesBefore } of shops.watched) {
      const frames = subscription.frames.slice(framesBefore);
      expect(frames).not.toEqual([]);
      expect(wordsIn(forgotten, frames)).toEqual([]);
      expect(wordsIn(bobs, subscription.frames)).not.toEqual([]);
    }
  });

  test('`livefold verify` finds nothing wrong', async () => {
    await using verify = new Program([cli, 'verify'], { env: shops.env });
    const { code } = await verify.ended;
    expect([code, verify.output]).toEqual([0, expect.not.stringContaining('✗')]);
  });

  test('the email address is free, and the user stays forgotten', async () => {
    const { registerUser: taken } = await shops.other.data(registerUser, {
      input: { id: 'u-4', name: 'Newcomer', email: adasNewEmail },
    });
    expect(taken.user.email).toBe(adasNewEmail);
    const input = { userId: ada.id, email: 'third@example.org' };
    const { body } = await shops.one.post(changeEmail, { input });
    expect(body.errors?.[0]?.extensions.reason).toBe('USER_FORGOTTEN');
  });
});
