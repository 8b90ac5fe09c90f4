/** Which tokens are refused from now on: one token by its own id, or all that were made for a subject until `revokedAt`. */
export type Revocation = {
  readonly kind: 'token' | 'subject';
  readonly id: string;
  readonly revokedAt: Date;
};

/** The tokens that were revoked before they ended by themselves. */
export interface RevocationStore {
  /** Adds one, and tells all processes. Revoking a subject again means the tokens made since too. */
  revoke(revoked: Omit<Revocation, 'revokedAt'>): Promise<Revocation>;
  /** Those since a moment by the store's clock, and some from before it: they may have been committed in another order. All unless given. */
  revokedSince(moment?: Date): Promise<readonly Revocation[]>;
}
