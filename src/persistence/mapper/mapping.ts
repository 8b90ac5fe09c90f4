import type { KeyRing } from './key-ring.ts';
import type { CompressionRule } from './sealed-json.ts';
import type { Transcoder } from './transcoder.ts';

/** What a mapper is made of. */
export type Mapping = {
  readonly transcoder: Transcoder;
  readonly rule: CompressionRule | undefined;
  readonly ring: KeyRing | undefined;
  /** Encrypts all data whole. */
  readonly encrypt: boolean;
};
