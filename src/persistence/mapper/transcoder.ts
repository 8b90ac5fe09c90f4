import { builtInTranscodings } from './built-in-transcodings.ts';
import { createDecoder } from './decode-value.ts';
import { createEncoder } from './encode-value.ts';
import { checkTranscodings, type Transcoding } from './transcoding.ts';

/**
 * Turns values that JSON lacks into JSON and back, at any depth: dates, bigints, bytes, maps, sets, and what one's own
 * transcodings add.
 */
export type Transcoder = {
  /** @throws LivefoldError `INVALID_VALUE`, naming the path */
  readonly encode: (value: unknown) => unknown;
  /** @throws LivefoldError `UNKNOWN_VALUE_TYPE`, `INVALID_VALUE`, naming the path */
  readonly decode: (json: unknown) => unknown;
};

/** @throws LivefoldError `INVALID_TRANSCODING` */
export function createTranscoder(own: readonly Transcoding[] = []): Transcoder {
  const transcodings = [...own, ...builtInTranscodings];
  checkTranscodings(transcodings);
  return { encode: createEncoder(transcodings), decode: createDecoder(transcodings) };
}
