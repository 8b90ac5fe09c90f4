import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { createPostgresRevocations } from '../../../src/adapters/postgres/postgres-revocations.ts';
import { listenForAppends } from '../../../src/adapters/postgres/postgres-wake-up.ts';
import type { Session } from '../../../src/graphql/auth/session.ts';
import { Sessions } from '../../../src/graphql/auth/sessions.ts';
import { Bell, sleep } from '../../../src/kernel/async.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { silentLogger } from '../../../src/kernel/log.ts';
import type { RevocationStore } from '../../../src/persistence/revocation-store.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let database: TestDatabase;
let here: ReturnType<typeof openDatabase>;
let elsewhere: ReturnType<typeof openDatabase>;
beforeAll(async () => {
  database = await createTestDatabase();
  [here, elsewhere] = [openDatabase(database.url), openDatabase(database.url)];
});
beforeEach(() => elsewhere.session.execute(sql`truncate livefold.revocations`));
afterAll(async () => {
  await here.close();
  await elsewhere.close();
  await database.drop();
});

/** Another process revokes. */
const revoke = () => createPostgresRevocations(elsewhere).revoke({ kind: 'subject', id: 'ada' });
/** Another process revokes, and its notification is lost. */
const revokeUnheard = () =>
  elsewhere.session.execute(sql`insert into livefold.revocations values ('subject', 'ada', now())`);

/** A bell whose waits end by its rings alone, however long they last: there are no polls. */
class WithoutPolls extends Bell {
  readonly #heard: Bell;

  constructor(heard: Bell) {
    super();
    this.#heard = heard;
  }

  override get rings(): number {
    return this.#heard.rings;
  }

  override wait(seen: number, { signal }: Parameters<Bell['wait']>[1] = {}): Promise<void> {
    return this.#heard.wait(seen, { signal });
  }
}

/** A bell that nobody rings: the time of its waits passes when the test says so. */
class PollsAlone extends Bell {
  readonly asked: (number | undefined)[] = [];
  readonly #time = new Bell();

  override wait(_: number, { signal, timeout }: Parameters<Bell['wait']>[1] = {}): Promise<void> {
    this.asked.push(timeout);
    return this.#time.wait(this.#time.rings, { signal });
  }

  pass(): void {
    this.#time.ring();
  }
}

/** The callers of a process with Ada connected, once it has looked up what was revoked before. */
async function connectAda(bell: Bell) {
  let lookups = 0;
  const looked = new Bell();
  const store: RevocationStore = createPostgresRevocations(here);
  const revocations: RevocationStore = {
    ...store,
    async revokedSince(moment) {
      const found = await store.revokedSince(moment);
      lookups += 1;
      looked.ring();
      return found;
    },
  };
  const sessions = new Sessions({
    authenticate: async (subject) => ({ subject, roles: [] }),
    rules: { types: new Map(), fields: new Map(), tables: new Map() },
    ...{ revocations, bell, clock: systemClock, logger: silentLogger },
  });
  const ada = await sessions.open('ada');
  const grace = await sessions.open('grace');
  for (const session of [ada, grace]) sessions.watch(session);
  await sessions.start();
  // Once to begin with, and once on the first of its rounds.
  while (lookups < 2) await looked.wait(looked.rings);
  lookups = 0;
  return { sessions, ada, grace, lookups: () => lookups, [Symbol.asyncDispose]: () => sessions.stop() };
}

const ended = ({ ended }: Session) =>
  new Promise<unknown>((resolve) => ended.addEventListener('abort', () => resolve(ended.reason)));
const revoked = expect.objectContaining({ code: 'UNAUTHENTICATED', message: 'The token was revoked.' });

describe('what another process has revoked ends a connection', () => {
  test('with the one look at the database that its notification causes, and without any poll', async () => {
    await using listening = await listenForAppends(database.url);
    await using connected = await connectAda(new WithoutPolls(listening.news.revocations));
    const end = ended(connected.ada);
    await revoke();
    expect(await end).toEqual(revoked);
    expect(connected.lookups()).toBe(1);
    expect(connected.grace.ended.aborted).toBe(false);
    await expect(connected.sessions.open('ada')).rejects.toEqual(revoked);
  });

  test('where the connection that listens was lost meanwhile, once it is there again, without any poll', async () => {
    await using listening = await listenForAppends(database.url);
    await using connected = await connectAda(new WithoutPolls(listening.news.revocations));
    const end = ended(connected.ada);
    await revokeUnheard();
    const killed = await elsewhere.session.execute(
      sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query ilike 'listen%'`,
    );
    expect(killed.length).toBeGreaterThan(0);
    expect(await end).toEqual(revoked);
    expect(connected.grace.ended.aborted).toBe(false);
  });

  test('where no notification comes at all, with the next poll, which is never more than a second away', async () => {
    const bell = new PollsAlone();
    await using connected = await connectAda(bell);
    const end = ended(connected.ada);
    await revokeUnheard();
    expect(connected.ada.ended.aborted).toBe(false);
    while (bell.asked.length === 0) await sleep(1);
    bell.pass();
    expect(await end).toEqual(revoked);
    expect(connected.lookups()).toBe(1);
    for (const timeout of bell.asked) expect(timeout).toBeLessThanOrEqual(1_000);
  });
});
