import { nextTurn } from '../kernel/async.ts';
import { type Cursor, isBehind, keyOfCursor, type LiveSource, type LiveStep } from './live-source.ts';
import type { SharedResult } from './shared-result.ts';

/** One who gets a group's results while it keeps up. */
export interface GroupMember {
  readonly cursor: Cursor;
  /** Takes a result; `false` when it cannot keep up, and goes on by itself. */
  take(result: SharedResult, cursor: Cursor): boolean;
  /** Goes on by itself from where it is. */
  catchUp(): void;
  fail(error: unknown): void;
}

/** After so many members others have a turn: the next changes are stored and folded while thousands hear of these. */
const turnLength = 256;

/** A result, and where a client is that has it. */
export type SharedStep = Pick<LiveStep, 'cursor' | 'replaces'> & { readonly result: SharedResult };
export type SharedSteps = { readonly steps: readonly SharedStep[]; readonly cursor: Cursor };

export type LiveGroupOptions = {
  readonly source: LiveSource;
  /** Executes the document on one frame. Never rejects. */
  readonly toResult: (step: LiveStep) => Promise<SharedResult>;
  /** Aborts when nobody is left. */
  readonly signal: AbortSignal;
};

/**
 * Equal subscriptions. Those that are up to date are one cursor: each change is executed and written once, and goes to all of
 * them. Those that are not each go on from their own cursor; what several ask for at the same moment is made once too.
 */
export class LiveGroup {
  readonly #options: LiveGroupOptions;
  readonly #members = new Set<GroupMember>();
  readonly #underWay = new Map<string, Promise<SharedSteps>>();
  #cursor: Cursor | undefined;

  constructor(options: LiveGroupOptions) {
    this.#options = options;
  }

  /** What comes behind a cursor, ready to be sent. */
  next(cursor: Cursor): Promise<SharedSteps> {
    const key = keyOfCursor(cursor);
    const shared = this.#underWay.get(key);
    if (shared !== undefined) return shared;
    const made = this.#make(cursor).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, made);
    return made;
  }

  /** Takes in a member that is up to date; `false` when the group has gone on since. */
  join(member: GroupMember): boolean {
    if (this.#cursor !== undefined && isBehind(member.cursor, this.#cursor)) return false;
    this.#cursor?.given?.doubt();
    this.#members.add(member);
    if (this.#cursor === undefined) void this.#run(member.cursor);
    return true;
  }

  leave(member: GroupMember): void {
    this.#members.delete(member);
  }

  async #make(cursor: Cursor): Promise<SharedSteps> {
    const { source, toResult, signal } = this.#options;
    const epoch = source.epoch();
    const found = await source.next(cursor, signal);
    const steps: SharedStep[] = [];
    for (const step of found.steps) {
      steps.push({ cursor: step.cursor, replaces: step.replaces, result: await toResult(step) });
      // Somebody was forgotten meanwhile: what was read before must not be told.
      if (source.epoch() !== epoch) return this.#make(cursor);
    }
    return { steps, cursor: found.cursor };
  }

  async #run(start: Cursor): Promise<void> {
    const { source, signal } = this.#options;
    this.#cursor = start;
    try {
      using watch = source.watch();
      while (this.#members.size > 0 && !signal.aborted) {
        const begun = performance.now();
        const { given } = this.#cursor;
        const { steps, cursor } = await this.next(this.#cursor);
        // It was made without somebody who has joined since and may hold more.
        if (given !== undefined && given.doubtedAt >= begun) continue;
        this.#cursor = cursor;
        for (const step of steps) await this.#tell(step);
        if (cursor.snapshot !== null) this.#scatter();
        else if (steps.length === 0)
          this.#cursor = { ...cursor, position: await watch.changed(cursor.position, signal, cursor.given) };
      }
    } catch (error) {
      for (const member of this.#members) member.fail(error);
    } finally {
      this.#cursor = undefined;
    }
  }

  async #tell({ result, cursor, replaces }: SharedStep): Promise<void> {
    let told = 0;
    for (const member of this.#members) {
      told += 1;
      if (told % turnLength === 0) await nextTurn();
      // It was further than the group when it came.
      if (!replaces && !isBehind(member.cursor, cursor)) continue;
      if (!member.take(result, cursor)) this.#members.delete(member);
    }
  }

  /** A snapshot of many pages is no matter for all at once: each goes on as fast as it can. */
  #scatter(): void {
    const members = [...this.#members];
    this.#members.clear();
    for (const member of members) member.catchUp();
  }
}
