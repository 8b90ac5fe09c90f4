/** A key as it is kept: wrapped by a master key, which the store never sees. */
export type StoredKey = {
  /** UUID v7: what sealed bytes name the key by, and, among keys of no subject, which is the newest. */
  readonly id: string;
  /** Whose personal data it seals; `null` for a key that seals whole events. */
  readonly subject: string | null;
  /** The master key that wraps it. */
  readonly masterId: string;
  /** `null` once it is destroyed: then nothing it sealed can be read again. */
  readonly wrapped: Uint8Array | null;
};

/** Keys beside the log, in a table of their own. A subject's key is destroyed by an append that forgets the subject. */
export interface KeyStore {
  /**
   * The keys of these subjects and those with these ids, destroyed ones included; unknown ones are left out. `null` among the
   * subjects asks for all keys of no subject.
   */
  findKeys(wanted: {
    readonly ids?: readonly string[];
    readonly subjects?: readonly (string | null)[];
  }): Promise<readonly StoredKey[]>;
  /**
   * Adds keys; a subject that has one, or had one, keeps that. The answer is what is stored for each, in order. For the events of a
   * caller's transaction, that is given: where one write waits for another's transaction, in SQLite, the keys come and go with it.
   */
  addKeys(
    keys: readonly StoredKey[],
    options?: { readonly transaction?: unknown },
  ): Promise<readonly StoredKey[]>;
  /** Keys in the order of their ids, behind one of them. */
  listKeys(options: { readonly after?: string; readonly limit: number }): Promise<readonly StoredKey[]>;
  /** Replaces how keys are wrapped; one that was destroyed meanwhile stays so. */
  rewrapKeys(keys: readonly (StoredKey & { readonly wrapped: Uint8Array })[]): Promise<void>;
}
