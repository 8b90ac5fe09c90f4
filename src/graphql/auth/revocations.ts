import type { Revocation, RevocationStore } from '../../persistence/revocation-store.ts';
import type { Caller } from './caller.ts';
import { clockDifference } from './token-age.ts';

/** What was revoked, as far as this process has heard: looked up in memory at each request. */
export class Revocations {
  readonly #store: RevocationStore;
  readonly #tokens = new Map<string, Revocation>();
  readonly #subjects = new Map<string, Revocation>();
  #newest: Date | undefined;

  constructor(store: RevocationStore) {
    this.#store = store;
  }

  /** Asks for what came since. What is new has what is over forgotten, as it does in the store. */
  async update(): Promise<void> {
    const before = this.#newest;
    for (const revoked of await this.#store.revokedSince(before)) {
      const { kind, id, revokedAt } = revoked;
      (kind === 'token' ? this.#tokens : this.#subjects).set(id, revoked);
      if (this.#newest === undefined || revokedAt > this.#newest) this.#newest = revokedAt;
    }
    if (this.#newest !== before) this.#forgetBefore(this.#newest);
  }

  /** A token that does not say when it was made is of the past. */
  covers({ subject, tokenId, issuedAt }: Caller): boolean {
    if (typeof tokenId === 'string' && this.#tokens.has(tokenId)) return true;
    const revoked = subject === null ? undefined : this.#subjects.get(subject);
    return (
      revoked !== undefined && (issuedAt?.getTime() ?? 0) <= revoked.revokedAt.getTime() + clockDifference
    );
  }

  #forgetBefore(now: Date | undefined): void {
    if (now === undefined) return;
    for (const known of [this.#tokens, this.#subjects])
      for (const [id, { until }] of known) if (until !== null && until < now) known.delete(id);
  }
}
