/** Facts about an error, for programs: ids, positions, field paths. Plain JSON values. */
export type ErrorFields = Readonly<Record<string, unknown>>;

/**
 * Every error that Livefold raises on purpose. `code` is the contract and never changes for one cause;
 * `message` is for people and says what to do; `fields` carry the facts; `cause` is what lay beneath.
 */
export class LivefoldError extends Error {
  readonly code: string;
  readonly fields: ErrorFields;

  constructor(
    code: string,
    message: string,
    options: { readonly fields?: ErrorFields; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LivefoldError';
    this.code = code;
    this.fields = options.fields ?? {};
  }
}

/** Whether `error` is one of ours and, with `code` given, the one meant. */
export function isLivefoldError(error: unknown, code?: string): error is LivefoldError {
  return error instanceof LivefoldError && (code === undefined || error.code === code);
}

/** The innermost cause of an error chain: where a driver hides what the server really said. */
export function rootCause(error: unknown): unknown {
  let current = error;
  // Ten levels are more than any wrapper we use builds; a cause that is its own cause would spin otherwise.
  for (let depth = 0; depth < 10 && current instanceof Error && current.cause !== undefined; depth += 1)
    current = current.cause;
  return current;
}
