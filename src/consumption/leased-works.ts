import { onAbort, sleep } from '../kernel/async.ts';
import type { Logger } from '../kernel/log.ts';
import type { News } from '../messaging/news.ts';
import type { Consumer, HeldUnit } from './consumer.ts';
import type { LeaseStore, Unit } from './lease-store.ts';
import { Works } from './works.ts';

/** Shards that could not be brought level are worked on for so long, in milliseconds, before that is tried again. */
const beforeReshaping = 30_000;

export type LeasedWorksOptions = {
  /** This process's id among the members. */
  readonly owner: string;
  readonly store: LeaseStore;
  readonly news: News;
  readonly logger: Logger;
  readonly hasCompany: () => boolean;
};

/** The works of a process on units that it has the lease of. Work that ends gives its unit up. */
export class LeasedWorks {
  readonly #options: LeasedWorksOptions;
  readonly #works = new Works();
  /** What is to be said to the store before the next look around, so that no look is older than what was said. */
  readonly #chores: (() => Promise<unknown>)[] = [];
  readonly #reshaping = new Set<Consumer>();
  readonly #closing = new AbortController();

  constructor(options: LeasedWorksOptions) {
    this.#options = options;
  }

  get units(): readonly string[] {
    return this.#works.units;
  }

  /** Whether a unit is worked on, if only to end that. */
  has(unit: string): boolean {
    return this.#works.has(unit);
  }

  /** Whether a unit is worked on under the lease that it is seen to have. */
  isHeld({ name, owner, token }: Unit): boolean {
    return owner === this.#options.owner && this.#works.tokenOf(name) === token;
  }

  /** Says what is to be said; what fails is said again the next time. */
  async settle(): Promise<void> {
    for (let [chore] = this.#chores; chore !== undefined; [chore] = this.#chores) {
      await chore();
      this.#chores.shift();
    }
  }

  work(consumer: Consumer, unit: Unit): void {
    const held = this.#hold(unit);
    this.#begin(held, (signal) => consumer.work(held, signal));
  }

  /** Cuts a consumer anew whose shards are all held, once they are level. */
  reshape(consumer: Consumer, units: readonly Unit[]): void {
    if (this.#reshaping.has(consumer)) return;
    this.#reshaping.add(consumer);
    const helds = units.map((unit) => this.#hold(unit));
    const stopping = new AbortController();
    const levelled = Promise.all(units.map(({ name }) => this.#works.stop(name)))
      .then(() => consumer.level(helds, stopping.signal))
      .then(() => {
        this.#chores.push(() => this.#cut(consumer));
        this.#reshaping.delete(consumer);
        this.#options.news.members.ring();
      });
    levelled.catch(async () => {
      // What cannot be brought level goes on as it is meanwhile, and says what is wrong.
      await sleep(beforeReshaping, this.#closing.signal);
      this.#reshaping.delete(consumer);
    });
    for (const held of helds)
      this.#begin(held, async (signal) => {
        onAbort(signal, () => stopping.abort());
        await levelled;
      });
  }

  /** Tells the work on a unit to stop, if there is any; resolves when it is over. */
  stop(unit: string): Promise<void> {
    return this.#works.stop(unit);
  }

  async stopAll(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.units.map((unit) => this.stop(unit)));
  }

  async #cut({ name, shards }: Consumer): Promise<void> {
    const { owner, store, logger } = this.#options;
    if (await store.reshape(owner, name, shards)) logger.info({ consumer: name, shards }, 'cut anew');
  }

  #hold(unit: Unit): HeldUnit {
    const { owner, news, hasCompany } = this.#options;
    return { unit, hasCompany, lease: { owner, token: unit.token }, doubt: () => news.members.ring() };
  }

  #begin({ unit: { name }, lease }: HeldUnit, work: (signal: AbortSignal) => Promise<void>): void {
    const { store, news, logger } = this.#options;
    this.#works.begin(name, {
      token: lease.token,
      run: (signal) =>
        work(signal).catch((err: unknown) => logger.error({ err, unit: name }, 'work on a unit failed')),
      onOver: (wasStopped) => {
        this.#chores.push(() => store.release(name, lease));
        // What failed by itself waits for the next beat.
        if (wasStopped) news.members.ring();
      },
    });
  }
}
