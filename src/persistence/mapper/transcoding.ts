import { LivefoldError } from '../../kernel/errors.ts';

/**
 * How values of one kind that JSON lacks are stored: as `{ "$name": … }`. For values of a class of their own; the first
 * transcoding that says `isOne` is taken, one's own before the built-in ones.
 */
export interface Transcoding<Value = unknown> {
  /** Stored for ever: a lower-case letter, then letters, digits, `-` and `_`. */
  readonly name: string;
  isOne(value: unknown): value is Value;
  /** What stands for the value: JSON, or values that have a transcoding themselves. */
  encode(value: Value): unknown;
  /** The value, from what `encode` gave. Whatever it throws says that the stored value is none of these. */
  decode(json: unknown): Value;
}

/** Names with a meaning in stored data that is not a transcoding's. */
const reserved = ['object', 'value', 'personal', 'forgets'];

/** @throws LivefoldError `INVALID_TRANSCODING` for a name that is malformed, reserved, or taken */
export function checkTranscodings(transcodings: readonly Transcoding[]): void {
  const taken = new Set(reserved);
  for (const { name } of transcodings) {
    const fault = /^[a-z][A-Za-z0-9_-]*$/.test(name)
      ? taken.has(name) && 'is taken: choose another'
      : 'starts with a lower-case letter and has only letters, digits, "-" and "_"';
    if (fault !== false)
      throw new LivefoldError('INVALID_TRANSCODING', `The name of the transcoding "${name}" ${fault}.`, {
        fields: { name },
      });
    taken.add(name);
  }
}
