import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { addTea, cli } from '../clients/shop.ts';
import { Program } from '../support/program.ts';
import type { ServedProgram } from '../support/served-program.ts';
import { dumpDatabase, readTables } from './erasure/database-text.ts';
import { findWords } from './erasure/plaintext.ts';
import { RecordedSubscription, type Transport } from './erasure/recorded-subscription.ts';
import { startTwoShops, type TwoShops } from './erasure/two-shops.ts';
import { cancelOrder, changeEmail, placeOrder, registerUser } from './operations.ts';

const forgetUser = `mutation ($input: ForgetUserInput!, $id: ID) { forgetUser(input: $input, commandId: $id) {
  receipt { position stream version duplicate } user { id email name country orderCount totalSpent forgottenAt } } }`;
const userFields = 'id email name country orderCount totalSpent forgottenAt';
const usersQuery = `query ($at: Position) { users(atLeast: $at, orderBy: { field: ID }) { nodes { ${userFields} } } }`;
const logQuery =
  '{ notificationLog(first: 1000) { nodes { position id type stream version tags data recordedAt } } }';
const watchUsers = `subscription ($after: Position) { users(after: $after) { kind position upserted { ${userFields} } removed live } }`;
const watchLog =
  'subscription ($after: Position) { notifications(after: $after) { position type version data } }';

// The country of a sale is a fact of the sale and stays, so that Ada, who orders, has one that says little of her.
const ada = {
  id: 'u-1',
  email: 'quillfeather.one@example.org',
  name: 'Zÿx Quillfeather',
  country: 'Norway',
};
const adasNewEmail = 'quillfeather.two@example.org';
const bob = { id: 'u-2', email: 'bob.marrowby@example.org', name: 'Bob Marrowby', country: 'Erewhon-on-Sea' };
const eve = { id: 'u-3', email: 'eve.stays@example.org', name: 'Eve Stayswell', country: 'Ruritania' };

const forgotten = {
  ...{ 'first email': ada.email, 'second email': adasNewEmail, name: ada.name, 'last name': 'Quillfeather' },
  ...{ "Bob's email": bob.email, "Bob's name": bob.name, "Bob's country": bob.country },
};
const remembered = { "Eve's email": eve.email, "Eve's name": eve.name, "Eve's country": eve.country };

type Logged = Readonly<Record<string, unknown>> & { readonly type: string; readonly data: object };
type Seen = {
  readonly log: readonly Logged[];
  readonly tables: ReadonlyMap<string, Buffer>;
  readonly dump: Buffer | undefined;
};
type Watched = {
  readonly what: 'users' | 'log';
  readonly subscription: RecordedSubscription;
  /** How many frames there were when the mutation had answered. */
  framesBefore: number;
};

const transports: readonly Transport[] = ['WebSocket', 'SSE'];
const waiting = { timeout: 20_000, interval: 50 };
const open = new AsyncDisposableStack();

let shops: TwoShops;
let before: Seen;
let oldPosition: string;
let forgotAt: string;
let watched: readonly Watched[];
let firstReceipt: object;

const both = (): readonly ServedProgram[] => [shops.one, shops.other];
const wordsIn = (words: Readonly<Record<string, string>>, texts: readonly string[]): readonly string[] =>
  findWords(words, Buffer.from(texts.join('\n')));

async function look(): Promise<Seen> {
  const { notificationLog } = await shops.one.data(logQuery);
  const [tables, dump] = await Promise.all([readTables(shops.databaseUrl), dumpDatabase(shops.databaseUrl)]);
  return { log: notificationLog.nodes, tables, dump };
}

async function watch(
  shop: ServedProgram,
  what: Watched['what'],
  transport: Transport,
  after: string,
): Promise<RecordedSubscription> {
  const query = what === 'users' ? watchUsers : watchLog;
  return open.use(await RecordedSubscription.open(shop, transport, { query, variables: { after } }));
}

beforeAll(async () => {
  shops = open.use(await startTwoShops());
  const { one, other } = shops;
  await addTea(one);
  oldPosition = (await one.data(registerUser, { input: eve })).registerUser.receipt.position;
  firstReceipt = (await one.data(registerUser, { input: ada, id: 'register-ada' })).registerUser.receipt;
  await other.data(registerUser, { input: bob });
  const lines = [{ sku: 'TEA', quantity: 2 }];
  await one.data(placeOrder, { input: { orderId: 'o-1', customerId: ada.id, lines } });
  await other.data(changeEmail, { input: { userId: ada.id, email: adasNewEmail }, id: 'change-ada' });
  await one.data(placeOrder, { input: { orderId: 'o-2', customerId: ada.id, lines } });
  await one.data(cancelOrder, { input: { orderId: 'o-2' } });

  const wanted = both().flatMap((shop) =>
    transports.flatMap((transport) =>
      (['users', 'log'] as const).map(async (what) => {
        const subscription = await watch(shop, what, transport, '0');
        return { what, subscription, framesBefore: 0 };
      }),
    ),
  );
  watched = await Promise.all(wanted);
  // Nothing may be on its way to them any more when the mutation is sent.
  await vi.waitFor(() => {
    for (const { what, subscription } of watched) {
      const last = subscription.data.at(-1);
      if (what === 'log') expect(last?.notifications?.type).toBe('OrderCancelled');
      else expect(last?.users?.live && Number(last.users.position)).toBeGreaterThanOrEqual(8);
    }
  }, waiting);
  before = await look();

  const { forgetUser: forgot } = await one.data(forgetUser, { input: { userId: ada.id }, id: 'forget-ada' });
  expect(forgot.user).toMatchObject({ name: 'Forgotten user', email: null, country: null, orderCount: 1 });
  for (const one of watched) one.framesBefore = one.subscription.frames.length;
  forgotAt = (await one.data(forgetUser, { input: { userId: bob.id } })).forgetUser.receipt.position;
  // By then the other program has read what happened too.
  await other.data(usersQuery, { at: forgotAt });
});
afterAll(() => open.disposeAsync());

describe('before, the searches find', () => {
  test('in the database: what the read table holds; the log and the keys never held it', () => {
    const all = Object.keys({ ...forgotten, ...remembered });
    const found = new Map(
      [...before.tables].map(([table, text]) => [table, findWords({ ...forgotten, ...remembered }, text)]),
    );
    expect([...found].filter(([, words]) => words.length > 0).map(([table]) => table)).toEqual(['users']);
    const inUsers = found.get('users') ?? [];
    // Ada's first email address is in no read table any more.
    for (const what of all.filter((one) => one !== 'first email'))
      expect(inUsers.some((one) => one.startsWith(what))).toBe(true);
    expect([...before.tables.keys()]).toEqual(
      expect.arrayContaining(['livefold.events', 'livefold.keys', 'livefold.commands', 'livefold.tags']),
    );
    if (before.dump !== undefined) expect(findWords(forgotten, before.dump)).not.toEqual([]);
  });

  test('in the frames: all', () => {
    for (const { what, subscription, framesBefore } of watched) {
      const found = wordsIn(forgotten, subscription.frames.slice(0, framesBefore));
      expect(found).toContain('second email (plain)');
      if (what === 'log') expect(found).toContain('first email (plain)');
    }
  });
});

describe('after', () => {
  let after: Seen;
  beforeAll(async () => {
    after = await look();
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
    for (const shop of both()) {
      await vi.waitFor(async () => {
        const { notificationLog } = await shop.data(logQuery);
        expect(notificationLog.nodes.slice(0, after.log.length)).toEqual(after.log);
      }, waiting);
      const { users } = await shop.data(usersQuery, { at: forgotAt });
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
      for (const { what, subscription, framesBefore } of watched) {
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
    for (const shop of both()) {
      for (const transport of transports) {
        const users = await watch(shop, 'users', transport, oldPosition);
        const log = await watch(shop, 'log', transport, '0');
        const all = await watch(shop, 'users', transport, '0');
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
      const resumed = open.use(
        await RecordedSubscription.open(shop, 'SSE', { query: watchLog }, { 'last-event-id': oldPosition }),
      );
      await vi.waitFor(() => expect(resumed.frames).toHaveLength(after.log.length - 2), waiting);
      expect(wordsIn(forgotten, resumed.frames)).toEqual([]);
    }
  });

  test('old command ids give their old receipts, and tell nothing', async () => {
    for (const shop of both()) {
      const { registerUser: again } = await shop.data(registerUser, { input: ada, id: 'register-ada' });
      expect(again.receipt).toEqual({ ...firstReceipt, duplicate: true });
      expect(again.user).toMatchObject({ id: ada.id, name: 'Forgotten user', email: null });
      const input = { userId: ada.id, email: adasNewEmail };
      const { changeEmail: changed } = await shop.data(changeEmail, { input, id: 'change-ada' });
      expect(changed.receipt.duplicate).toBe(true);
      expect(changed.user).toEqual({ id: ada.id, email: null });
    }
  });

  test('no byte of the forgotten is left in the database; of others it is', async () => {
    const { tables, dump } = await look();
    for (const [table, text] of tables) expect([table, findWords(forgotten, text)]).toEqual([table, []]);
    expect(findWords(remembered, tables.get('users') ?? Buffer.alloc(0))).toHaveLength(9);
    if (dump === undefined) return;
    expect(findWords(forgotten, dump)).toEqual([]);
    expect(findWords(remembered, dump)).not.toEqual([]);
  });

  test('no frame since the answer tells anything', () => {
    const bobs = Object.fromEntries(Object.entries(forgotten).filter(([what]) => what.startsWith('Bob')));
    for (const { subscription, framesBefore } of watched) {
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
