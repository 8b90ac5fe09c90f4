import { expect, vi } from 'vitest';
import { addTea } from '../../clients/shop.ts';
import type { ServedProgram } from '../../support/served-program.ts';
import { cancelOrder, changeEmail, forgetUser, placeOrder, registerUser } from '../operations.ts';
import { dumpDatabase, readTables } from './database-text.ts';
import { ada, adasNewEmail, bob, eve, logQuery, usersQuery, watchLog, watchUsers } from './people.ts';
import { RecordedSubscription, type Transport } from './recorded-subscription.ts';
import { startTwoShops, type TwoShops } from './two-shops.ts';

export type Logged = Readonly<Record<string, unknown>> & { readonly type: string; readonly data: object };

/** All that can be seen of a shop: its log, its tables, and the dump of its database where that can be made. */
export type Seen = {
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

export const transports: readonly Transport[] = ['WebSocket', 'SSE'];
export const waiting = { timeout: 20_000, interval: 50 };

/** Two programs of one shop that forgot Ada and Bob, and what was seen of it before. */
export class ForgetfulShops implements AsyncDisposable {
  readonly one: ServedProgram;
  readonly other: ServedProgram;
  readonly #shops: TwoShops;
  readonly #open = new AsyncDisposableStack();
  watched: readonly Watched[] = [];
  /** Behind Eve, and before the others. */
  oldPosition = '';
  firstReceipt: object = {};
  forgotAt = '';
  before: Seen = { log: [], tables: new Map(), dump: undefined };

  private constructor(shops: TwoShops) {
    this.#shops = this.#open.use(shops);
    this.one = shops.one;
    this.other = shops.other;
  }

  static async start(): Promise<ForgetfulShops> {
    const shops = new ForgetfulShops(await startTwoShops());
    await shops.#trade();
    await shops.#watchAll();
    shops.before = await shops.look();
    await shops.#forget();
    return shops;
  }

  get both(): readonly ServedProgram[] {
    return [this.one, this.other];
  }

  get env(): TwoShops['env'] {
    return this.#shops.env;
  }

  async look(): Promise<Seen> {
    const { databaseUrl } = this.#shops;
    const { notificationLog } = await this.one.data(logQuery);
    const [tables, dump] = await Promise.all([readTables(databaseUrl), dumpDatabase(databaseUrl)]);
    return { log: notificationLog.nodes, tables, dump };
  }

  async watch(
    shop: ServedProgram,
    what: Watched['what'],
    transport: Transport,
    { after, lastEventId }: { readonly after?: string; readonly lastEventId?: string },
  ): Promise<RecordedSubscription> {
    const operation = { query: what === 'users' ? watchUsers : watchLog, variables: { after } };
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    return this.#open.use(await RecordedSubscription.open(shop, transport, operation, headers));
  }

  async #trade(): Promise<void> {
    const { one, other } = this;
    await addTea(one);
    this.oldPosition = (await one.data(registerUser, { input: eve })).registerUser.receipt.position;
    const registered = await one.data(registerUser, { input: ada, id: 'register-ada' });
    this.firstReceipt = registered.registerUser.receipt;
    await other.data(registerUser, { input: bob });
    const lines = [{ sku: 'TEA', quantity: 2 }];
    await one.data(placeOrder, { input: { orderId: 'o-1', customerId: ada.id, lines } });
    await other.data(changeEmail, { input: { userId: ada.id, email: adasNewEmail }, id: 'change-ada' });
    await one.data(placeOrder, { input: { orderId: 'o-2', customerId: ada.id, lines } });
    await one.data(cancelOrder, { input: { orderId: 'o-2' } });
  }

  /** Nothing is on its way to the subscribers any more when this returns. */
  async #watchAll(): Promise<void> {
    const wanted = this.both.flatMap((shop) =>
      transports.flatMap((transport) =>
        (['users', 'log'] as const).map(async (what) => ({
          what,
          subscription: await this.watch(shop, what, transport, { after: '0' }),
          framesBefore: 0,
        })),
      ),
    );
    this.watched = await Promise.all(wanted);
    await vi.waitFor(() => {
      for (const { what, subscription } of this.watched) {
        const last = subscription.data.at(-1);
        if (what === 'log') expect(last?.notifications?.type).toBe('OrderCancelled');
        else expect(last?.users?.live && Number(last.users.position)).toBeGreaterThanOrEqual(8);
      }
    }, waiting);
  }

  async #forget(): Promise<void> {
    const input = { userId: ada.id };
    const { forgetUser: forgot } = await this.one.data(forgetUser, { input, id: 'forget-ada' });
    for (const one of this.watched) one.framesBefore = one.subscription.frames.length;
    expect(forgot.user).toMatchObject({ name: 'Forgotten user', email: null, country: null, orderCount: 1 });
    const second = await this.one.data(forgetUser, { input: { userId: bob.id } });
    this.forgotAt = second.forgetUser.receipt.position;
    // By then the other program has read what happened too.
    await this.other.data(usersQuery, { at: this.forgotAt });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#open.disposeAsync();
  }
}
