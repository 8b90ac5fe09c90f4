import type { PreparedEvent } from '../../domain/event.ts';
import type { KeyStore } from '../key-store.ts';
import type { Snapshot } from '../snapshot-store.ts';
import type { Compression } from './compression.ts';
import { decodeEvents } from './decode-events.ts';
import { encodeEvents } from './encode-events.ts';
import { Forgetting } from './forgetting.ts';
import { keysMissing } from './key-of.ts';
import { KeyRing } from './key-ring.ts';
import type { Mapping } from './mapping.ts';
import type { MasterKeys } from './master-keys.ts';
import { decodeSnapshots, encodeSnapshot } from './snapshot-sealing.ts';
import { createTranscoder } from './transcoder.ts';
import type { Transcoding } from './transcoding.ts';
import type { MaybePromise } from './when-ready.ts';

export type MapperOptions = {
  /** What personal fields, and with `encrypt` all data, are encrypted by. */
  readonly keys?: { readonly store: KeyStore; readonly masterKeys: MasterKeys };
  /** How values of one's own classes are stored. */
  readonly transcodings?: readonly Transcoding[];
  /** Data of so many bytes of JSON, or more, is compressed; none unless given. */
  readonly compressFrom?: number;
  /** `deflate` unless given. Whatever wrote them, compressed data and encrypted data are read. */
  readonly compression?: Compression;
  /** Encrypts the data of every event and the state of every snapshot, whole. */
  readonly encrypt?: boolean;
  /**
   * Is called when somebody was forgotten, in whatever process: before the event that says so is given to its reader, and by
   * one's own append. What was decoded before may know too much.
   */
  readonly onForgotten?: (subjects: readonly string[]) => void;
};

/**
 * Stands between the application and a store: transcode, compress, encrypt, and back. Where nothing has to be looked up the
 * answers are there at once, and are the very values given where nothing has to change. What is said to be thrown is so, or
 * rejected when there was something to wait for.
 */
export interface Mapper {
  /**
   * Events as they are stored. Where they are appended in a transaction of the caller's, that is given: keys that are made for
   * them may be rolled back with it.
   *
   * @throws LivefoldError `INVALID_VALUE`, `KEYS_MISSING`, `SUBJECT_FORGOTTEN`
   */
  encode<Event extends PreparedEvent>(
    events: readonly Event[],
    options?: { readonly transaction?: unknown },
  ): MaybePromise<readonly Event[]>;
  /**
   * Stored events as they were; the keys that they need are looked up together. What was personal to one who is forgotten
   * reads as its event said it would. For events of a transaction that may still be rolled back, `isCommitted` is false:
   * nobody is forgotten yet.
   *
   * @throws LivefoldError `SEALED_DATA_DAMAGED`, `KEY_UNKNOWN`, `KEYS_MISSING`, `WRONG_MASTER_KEY`,
   *   `UNKNOWN_VALUE_TYPE`, `INVALID_VALUE`
   */
  decode<Event extends PreparedEvent>(
    events: readonly Event[],
    options?: { readonly isCommitted?: boolean },
  ): MaybePromise<readonly Event[]>;
  /** A snapshot as it is stored: under the keys of all its subjects. @throws LivefoldError as `encode` */
  encodeSnapshot(snapshot: Snapshot): MaybePromise<Snapshot>;
  /** Stored snapshots as they were. @throws LivefoldError as `decode`, and `SUBJECT_FORGOTTEN` */
  decodeSnapshots(snapshots: readonly Snapshot[]): MaybePromise<readonly Snapshot[]>;
  /** Says that subjects were forgotten: their keys are taken out of memory. */
  forget(subjects: readonly string[]): void;
}

/** @throws LivefoldError `KEYS_MISSING` for `encrypt` without `keys`; `INVALID_TRANSCODING` */
export function createMapper(options: MapperOptions = {}): Mapper {
  const { keys, transcodings, compressFrom, compression = 'deflate', encrypt = false } = options;
  const { onForgotten = () => {} } = options;
  if (encrypt && keys === undefined) throw keysMissing('All data is to be encrypted');
  const mapping: Mapping = {
    transcoder: createTranscoder(transcodings),
    rule: compressFrom === undefined ? undefined : { from: compressFrom, method: compression },
    ring: keys && new KeyRing(keys.store, keys.masterKeys),
    encrypt,
  };
  const forgetting = new Forgetting(mapping.ring, onForgotten);
  return {
    encode: (events, { transaction } = {}) => encodeEvents(events, mapping, transaction),
    decode: (events, { isCommitted = true } = {}) =>
      decodeEvents(events, { ...mapping, forgetting: isCommitted ? forgetting : undefined }),
    encodeSnapshot: (snapshot) => encodeSnapshot(snapshot, mapping),
    decodeSnapshots: (snapshots) => decodeSnapshots(snapshots, mapping),
    forget: (subjects) => forgetting.forget(subjects),
  };
}
