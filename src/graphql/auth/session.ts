import { anonymous, type Caller } from './caller.ts';
import { everythingAllowed, type Permissions } from './permissions.ts';

/** A caller's token in place of another, on the same connection. */
export type Refresh = (authorization: string) => Promise<Caller>;

/** Who calls and what it may, for as long as a request or a connection lasts. */
export class Session {
  /** Takes a new token; null where the next request brings its own. */
  refresh: Refresh | null = null;
  #caller: Caller;
  #permissions: Permissions;
  #replacing = new AbortController();
  readonly #ending = new AbortController();

  constructor(caller: Caller = anonymous, permissions: Permissions = everythingAllowed) {
    this.#caller = caller;
    this.#permissions = permissions;
  }

  get caller(): Caller {
    return this.#caller;
  }

  /** What the caller may now. */
  get permissions(): Permissions {
    return this.#permissions;
  }

  /** Aborts when the permissions of this moment are replaced by others: what is under way looks anew at what it may tell. */
  get replaced(): AbortSignal {
    return this.#replacing.signal;
  }

  /** Aborts, with the reason, when the caller is believed no longer. */
  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  /** The caller has shown another token. Whoever may the same as before notices nothing. */
  become(caller: Caller, permissions: Permissions): void {
    this.#caller = caller;
    if (permissions.key === this.#permissions.key) return;
    this.#permissions = permissions;
    const replacing = this.#replacing;
    this.#replacing = new AbortController();
    replacing.abort();
  }

  end(reason: Error): void {
    this.#ending.abort(reason);
  }
}
