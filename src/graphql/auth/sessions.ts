import type { Bell } from '../../kernel/async.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { RevocationStore } from '../../persistence/revocation-store.ts';
import { type Authenticate, anonymous, type Caller, unauthenticated } from './caller.ts';
import { createPermissions } from './permissions.ts';
import { Revocations } from './revocations.ts';
import type { Rules } from './rules.ts';
import { Session } from './session.ts';
import { limitAge } from './token-age.ts';

export type SessionsOptions = {
  readonly authenticate: Authenticate;
  readonly rules: Rules;
  readonly revocations: RevocationStore;
  /** Rings when something was revoked. */
  readonly bell: Bell;
  readonly clock: Clock;
  /** How many seconds tokens are believed from when they were made; as long as they say unless given. */
  readonly maxTokenAge?: number | undefined;
  readonly logger: Logger;
};

/** So often the callers that stay are looked at, in milliseconds; a revocation that is heard of counts at once. */
const interval = 1_000;

/** The callers of a server: who they are, and whether those that stay are still to be believed. */
export class Sessions implements AsyncDisposable {
  readonly #options: SessionsOptions;
  readonly #revocations: Revocations;
  readonly #lasting = new Set<Session>();
  readonly #stopping = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#revocations = new Revocations(options.revocations);
  }

  /**
   * Opens the session of a request or a connection.
   *
   * @throws LivefoldError `UNAUTHENTICATED`
   */
  async open(authorization: string | null): Promise<Session> {
    const caller = authorization === null ? anonymous : await this.#believe(authorization);
    return new Session(caller, createPermissions(this.#options.rules, caller));
  }

  /** Looks at a session every second, until it is released: `ended` tells when its caller is not believed any more. */
  watch(session: Session): () => void {
    this.#lasting.add(session);
    this.#check(session);
    return () => void this.#lasting.delete(session);
  }

  /**
   * Takes another token of the same caller; one who had not said who it is may be anyone.
   *
   * @throws LivefoldError `UNAUTHENTICATED`; the session goes on with the token that it has
   */
  async refresh(session: Session, authorization: string): Promise<Caller> {
    const caller = await this.#believe(authorization);
    const { subject } = session.caller;
    if (subject !== null && subject !== caller.subject)
      throw unauthenticated('The token is of another caller, who needs a connection of its own.');
    session.become(caller, createPermissions(this.#options.rules, caller));
    return caller;
  }

  /** Finds out what is revoked, and keeps up with it until `stop`. */
  async start(): Promise<void> {
    await this.#revocations.update();
    this.#watching = this.#watch(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#watching;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** One look for all of them. Those whose time is over do not wait for a database that is away. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { bell, logger } = this.#options;
    let isAway = false;
    while (!signal.aborted) {
      const seen = bell.rings;
      for (const session of this.#lasting) this.#check(session);
      try {
        await this.#revocations.update();
        isAway = false;
      } catch (err) {
        if (!isAway) logger.warn({ err }, 'What was revoked cannot be looked up at the moment.');
        isAway = true;
      }
      for (const session of this.#lasting) this.#check(session);
      await bell.wait(seen, { signal, timeout: interval });
    }
  }

  #check(session: Session): void {
    const fault = this.#faultOf(session.caller);
    if (fault !== undefined) session.end(fault);
  }

  async #believe(authorization: string): Promise<Caller> {
    const { authenticate, maxTokenAge } = this.#options;
    const caller = limitAge(await authenticate(authorization), maxTokenAge);
    const fault = this.#faultOf(caller);
    if (fault !== undefined) throw fault;
    return caller;
  }

  #faultOf(caller: Caller): Error | undefined {
    const { expiresAt } = caller;
    if (expiresAt && expiresAt <= this.#options.clock())
      return unauthenticated('The token has expired.', { isOver: true });
    return this.#revocations.covers(caller)
      ? unauthenticated('The token was revoked.', { isOver: true })
      : undefined;
  }
}
