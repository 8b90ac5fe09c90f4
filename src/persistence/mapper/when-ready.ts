/** A value that may have to be waited for. Where it is there, nobody pays for a promise. */
export type MaybePromise<Value> = Value | Promise<Value>;

/** Goes on with a value: at once when it is there. */
export function whenReady<Value, Next>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Next>,
): MaybePromise<Next> {
  return value instanceof Promise ? value.then(next) : next(value);
}
