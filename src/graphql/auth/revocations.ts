import type { RevocationStore } from '../../persistence/revocation-store.ts';
import type { Caller } from './caller.ts';

/** What was revoked, as far as this process has heard: looked up in memory at each request. */
export class Revocations {
  readonly #store: RevocationStore;
  readonly #tokens = new Set<string>();
  readonly #subjects = new Map<string, Date>();
  #newest: Date | undefined;

  constructor(store: RevocationStore) {
    this.#store = store;
  }

  /** Asks for what came since. */
  async update(): Promise<void> {
    for (const { kind, id, revokedAt } of await this.#store.revokedSince(this.#newest)) {
      if (kind === 'token') this.#tokens.add(id);
      else this.#subjects.set(id, revokedAt);
      if (this.#newest === undefined || revokedAt > this.#newest) this.#newest = revokedAt;
    }
  }

  /** A token that does not say when it was made is of the past. */
  covers({ subject, tokenId, issuedAt }: Caller): boolean {
    if (typeof tokenId === 'string' && this.#tokens.has(tokenId)) return true;
    const revokedAt = subject === null ? undefined : this.#subjects.get(subject);
    return revokedAt !== undefined && (issuedAt?.getTime() ?? 0) <= revokedAt.getTime() + clockDifference;
  }
}

/** Milliseconds that the issuer's clock may be ahead of the database's: a token made just before must not pass. */
const clockDifference = 5_000;
