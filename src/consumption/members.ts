import { randomUUID } from 'node:crypto';
import { sleep } from '../kernel/async.ts';
import type { Logger } from '../kernel/log.ts';
import type { News } from '../messaging/news.ts';
import type { Position } from '../persistence/event-store.ts';
import type { Consumer } from './consumer.ts';
import { fairShare, isToBeReshaped } from './fair-share.ts';
import type { Census, LeaseStore, Member, Unit } from './lease-store.ts';
import { LeasedWorks } from './leased-works.ts';

/** Each member says so often that it is up, in milliseconds: three times before its leases run out. */
const beatInterval = 1_000;

export type MembersOptions = {
  readonly store: LeaseStore;
  readonly news: News;
  /** What this process is called for people. */
  readonly name: string;
  /** One that takes no work only hears how far the others are; it has no share. */
  readonly takesWork: boolean;
  readonly logger: Logger;
  /** Is told where the log ends, once a beat: news of it may be lost. */
  readonly onHead: (head: Position) => void;
};

/**
 * This process among those of its application: it says once a second that it is up, works on its fair share of the
 * consumers' units, gives up what is another's, and takes over from those that are gone.
 */
export class Members {
  readonly id = randomUUID();
  readonly #options: MembersOptions;
  readonly #consumers = new Map<string, Consumer>();
  readonly #works: LeasedWorks;
  readonly #stopping = new AbortController();
  #census: Census = { members: [], units: [], head: 0, nextEnd: null };
  #isLeaving = false;
  #beating: Promise<void> = Promise.resolve();

  constructor(options: MembersOptions) {
    this.#options = options;
    const { store, news, logger } = options;
    const hasCompany = (): boolean => this.#census.members.length > 1;
    this.#works = new LeasedWorks({ owner: this.id, store, news, logger, hasCompany });
    news.onMove((unit, position) => {
      for (const consumer of this.#consumers.values()) consumer.hear(unit, position);
    });
    news.onParked((consumer, hasChanged) => this.#consumers.get(consumer)?.hearParked(hasChanged));
  }

  /** Adds a consumer, which is spread from the next beat on. */
  add(consumer: Consumer): void {
    this.#consumers.set(consumer.name, consumer);
  }

  /** Leaves a consumer to the other members; resolves when this process has done its last work on it. */
  async remove(consumer: Consumer): Promise<void> {
    this.#consumers.delete(consumer.name);
    const units = this.#census.units.filter((unit) => unit.consumer === consumer.name);
    await Promise.all(units.map(({ name }) => this.#works.stop(name)));
  }

  /** Joins the others; resolves when this process has begun what it is to work on. */
  async start(): Promise<void> {
    await this.#beat();
    this.#beating = this.#keepBeating();
  }

  /** Ends all work, then hands everything over at once. */
  async stop(): Promise<void> {
    const { store, logger } = this.#options;
    this.#isLeaving = true;
    // It goes on saying that it is up: the last batch can take a while.
    await this.#works.stopAll();
    this.#stopping.abort();
    await this.#beating;
    // What the beat that was under way has begun.
    await this.#works.stopAll();
    // Whoever cannot say goodbye is missed when its lease runs out.
    await store
      .leave(this.id)
      .catch((err: unknown) => logger.warn({ err }, 'leaving the other members failed'));
  }

  async #keepBeating(): Promise<void> {
    const { news, logger } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const seen = news.members.rings;
      // A lease that runs out before the next beat is looked at when it does.
      const timeout = Math.min(this.#census.nextEnd ?? beatInterval, beatInterval);
      await news.members.wait(seen, { signal, timeout });
      try {
        if (!signal.aborted) await this.#beat();
      } catch (error) {
        logger.error({ err: error, member: this.id }, 'a heartbeat failed; trying again');
        await sleep(beatInterval / 4, signal);
      }
    }
  }

  async #beat(): Promise<void> {
    const { store, onHead } = this.#options;
    await this.#works.settle();
    const names = [...this.#consumers.keys()];
    let census = await store.beat(this.#self(), names);
    const known = new Set(census.units.map(({ consumer }) => consumer));
    const wanted = this.#wanted();
    if (Object.keys(wanted).some((name) => !known.has(name))) {
      await store.arrange(wanted);
      census = await store.beat(this.#self(), names);
    }
    this.#census = census;
    onHead(census.head);
    for (const consumer of this.#consumers.values()) consumer.look(census);
    if (!this.#isLeaving) await this.#rearrange(census);
  }

  #self(): Member {
    const states = this.#works.units.flatMap((unit) =>
      [...this.#consumers.values()].flatMap((consumer) => {
        const state = consumer.stateOf(unit);
        return state === undefined ? [] : [[unit, state] as const];
      }),
    );
    const { name } = this.#options;
    return { id: this.id, name, consumers: this.#wanted(), states: Object.fromEntries(states) };
  }

  #wanted(): Readonly<Record<string, number>> {
    if (!this.#options.takesWork) return {};
    const run = [...this.#consumers.values()].filter(({ isOnlyWatched }) => isOnlyWatched !== true);
    return Object.fromEntries(run.map(({ name, shards }) => [name, shards]));
  }

  async #rearrange({ units, members }: Census): Promise<void> {
    const { store } = this.#options;
    const share = fairShare(units, members);
    const isMine = ({ name }: Unit): boolean => share.get(name) === this.id;
    const kept = new Set(units.filter((unit) => isMine(unit) && this.#works.isHeld(unit)));
    const keptNames = new Set([...kept].map(({ name }) => name));
    for (const name of this.#works.units) if (!keptNames.has(name)) void this.#works.stop(name);

    const idle = units.filter(({ name }) => !this.#works.has(name));
    await this.#take(idle.filter(isMine));
    // Whoever else is to have it cannot take it from a member that is up.
    for (const unit of idle)
      if (unit.owner === this.id && !isMine(unit))
        await store.release(unit.name, { owner: this.id, token: unit.token });

    for (const consumer of this.#consumers.values()) {
      const own = units.filter((unit) => unit.consumer === consumer.name);
      const isReady = own.every((unit) => kept.has(unit) && unit.beyond === null && unit.fault === null);
      if (isReady && isToBeReshaped(consumer.name, own, members)) this.#works.reshape(consumer, own);
    }
  }

  async #take(units: readonly Unit[]): Promise<void> {
    if (units.length === 0) return;
    const { store, news, logger } = this.#options;
    const names = units.map(({ name }) => name);
    const tokens = await store.take(this.id, names);
    for (const unit of units) {
      const token = tokens.get(unit.name);
      const consumer = this.#consumers.get(unit.consumer);
      if (token === undefined || consumer === undefined) continue;
      logger.debug({ unit: unit.name, token }, 'took a unit');
      this.#works.work(consumer, { ...unit, token });
    }
    // The next look shows them as this process's.
    if (tokens.size > 0) news.members.ring();
  }
}
