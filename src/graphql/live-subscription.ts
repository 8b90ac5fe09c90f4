import type { ExecutionResult } from 'graphql';
import { nextTurn } from '../kernel/async.ts';
import type { GroupMember } from './live-group.ts';
import type { GroupPlace } from './live-groups.ts';
import type { Cursor } from './live-source.ts';
import type { Outlet } from './outlet.ts';
import type { SharedResult } from './shared-result.ts';

export type LiveSubscriptionOptions = {
  readonly place: GroupPlace;
  readonly outlet: Outlet;
  readonly start: Cursor;
  /** The last result of a source that failed. */
  readonly toFailure: (error: unknown) => ExecutionResult;
  /** Called once, when the subscription is over. */
  readonly onOver: () => void;
};

type Step = IteratorResult<ExecutionResult, undefined>;

/**
 * One client's part in a group: its cursor, and where its results go. Transports hold it as the stream of a subscription, but
 * results are sent to the outlet as they come: what can be pulled is the error of a source that failed, and the end.
 */
export class LiveSubscription implements AsyncGenerator<ExecutionResult, undefined, void>, GroupMember {
  readonly #options: LiveSubscriptionOptions;
  readonly #over = Promise.withResolvers<ExecutionResult | undefined>();
  #cursor: Cursor;
  /** None while it moves. */
  #place: GroupPlace | undefined;
  #entering: Promise<GroupPlace> | undefined;
  #state: 'new' | 'running' | 'over' = 'new';
  #hasFailure = false;

  constructor(options: LiveSubscriptionOptions) {
    this.#options = options;
    this.#cursor = options.start;
    this.#place = options.place;
  }

  get cursor(): Cursor {
    return this.#cursor;
  }

  take(result: SharedResult, cursor: Cursor): boolean {
    const { outlet } = this.#options;
    if (!outlet.isFree) {
      this.catchUp();
      return false;
    }
    outlet.send(result);
    this.#cursor = cursor;
    return true;
  }

  catchUp(): void {
    const place = this.#place;
    if (place === undefined) return;
    this.#catchUp(place).catch((error: unknown) => {
      if (this.#place === place) this.fail(error);
    });
  }

  /** Leaves its group at once and goes on in another, from another place: what its caller may see has changed. */
  async move(entering: Promise<GroupPlace>, cursor: Cursor): Promise<void> {
    this.#leave();
    this.#entering = entering;
    this.#cursor = cursor;
    try {
      const place = await entering;
      // Over, or moved on once more.
      if (this.#isOver || this.#entering !== entering) place.leave();
      else this.#place = place;
    } catch (error) {
      this.fail(error);
    }
    if (this.#place !== undefined && this.#state === 'running') this.catchUp();
  }

  fail(error: unknown): void {
    if (this.#state === 'over') return;
    this.#hasFailure = true;
    this.#end(this.#options.toFailure(error));
  }

  async next(): Promise<Step> {
    if (this.#state === 'new') {
      this.#state = 'running';
      this.catchUp();
    }
    const failure = await this.#over.promise;
    if (failure === undefined || !this.#hasFailure) return { done: true, value: undefined };
    this.#hasFailure = false;
    return { done: false, value: failure };
  }

  return(): Promise<Step> {
    this.#end(undefined);
    return Promise.resolve({ done: true, value: undefined });
  }

  throw(error: unknown): Promise<Step> {
    this.#end(undefined);
    return Promise.reject(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  get #isOver(): boolean {
    return this.#state === 'over';
  }

  async #catchUp(place: GroupPlace): Promise<void> {
    const { outlet } = this.#options;
    const { group } = place;
    const isElsewhere = (): boolean => this.#isOver || this.#place !== place;
    for (;;) {
      if (!outlet.isFree) await outlet.whenFree();
      if (isElsewhere()) return;
      const { steps, cursor } = await group.next(this.#cursor);
      if (isElsewhere()) return;
      for (const step of steps) {
        if (!outlet.isFree) break;
        outlet.send(step.result);
        this.#cursor = step.cursor;
      }
      if (steps.length > 0) continue;
      this.#cursor = cursor;
      if (group.join(this)) return;
      // The group is about to tell what this one has not heard of: it has its turn.
      await nextTurn();
    }
  }

  #end(last: ExecutionResult | undefined): void {
    if (this.#isOver) return;
    this.#state = 'over';
    this.#leave();
    this.#over.resolve(last);
    this.#options.onOver();
  }

  #leave(): void {
    this.#place?.group.leave(this);
    this.#place?.leave();
    this.#place = undefined;
  }
}
