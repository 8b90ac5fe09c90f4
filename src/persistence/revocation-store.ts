/** Which tokens are refused from now on: one token by its own id, or all that were made for a subject until `revokedAt`. */
export type Revocation = {
  readonly kind: 'token' | 'subject';
  readonly id: string;
  readonly revokedAt: Date;
  /** When the last of these tokens has ended by itself; null where nobody knows how long tokens live. */
  readonly until: Date | null;
};

/** The tokens that were revoked before they ended by themselves. */
export interface RevocationStore {
  /** Adds one, tells all processes, and lets go of those that are over. Revoking a subject again means the tokens made since too. */
  revoke(revoked: Pick<Revocation, 'kind' | 'id'>): Promise<Revocation>;
  /**
   * Those that are not over since a moment by the store's clock, and some from before it: they may have been committed in
   * another order. All unless given.
   */
  revokedSince(moment?: Date): Promise<readonly Revocation[]>;
}
