import { isLivefoldError, LivefoldError } from '../../kernel/errors.ts';
import type { Snapshot } from '../snapshot-store.ts';
import { findKeys, type Keys, keyOf, keysMissing } from './key-of.ts';
import type { Mapping } from './mapping.ts';
import { readSealed, type SealedBytes, seal, unseal } from './sealed-bytes.ts';
import { compressJson, parse, sealJson } from './sealed-json.ts';
import type { SealingKey } from './sealing-key.ts';
import { type MaybePromise, whenReady } from './when-ready.ts';

/**
 * A snapshot as it is stored: encrypted under the keys of all its subjects, one inside the other.
 *
 * @throws LivefoldError `INVALID_VALUE`, `KEYS_MISSING`, `SUBJECT_FORGOTTEN`, `WRONG_MASTER_KEY`
 */
export function encodeSnapshot(snapshot: Snapshot, mapping: Mapping): MaybePromise<Snapshot> {
  return whenReady(sealingKeys(snapshot, mapping), (keys) =>
    tryOn(snapshot, () => ({ ...snapshot, state: encodeState(snapshot, keys, mapping) })),
  );
}

/**
 * Snapshots as they were; the keys that are not in memory are looked up together.
 *
 * @throws LivefoldError `SUBJECT_FORGOTTEN` when a state was folded from the data of someone who was forgotten since
 * @throws LivefoldError `SEALED_DATA_DAMAGED`, `KEY_UNKNOWN`, `KEYS_MISSING`, `WRONG_MASTER_KEY`,
 *   `UNKNOWN_VALUE_TYPE`, `INVALID_VALUE`
 */
export function decodeSnapshots(
  snapshots: readonly Snapshot[],
  { transcoder, ring }: Pick<Mapping, 'transcoder' | 'ring'>,
): MaybePromise<readonly Snapshot[]> {
  const opened = snapshots.map((snapshot) => tryOn(snapshot, () => readState(snapshot)));
  // Only the outermost bytes name their key before they are opened; whose the others are, the snapshot says.
  const ids = new Set(opened.flatMap((sealed) => sealed?.keyId ?? []));
  const subjects = new Set(
    snapshots.flatMap(({ subjects: some }, index) => (opened[index]?.isLayered ? some : [])),
  );
  return whenReady(findKeys(ring, { ids, subjects }), (keys) =>
    snapshots.map((snapshot, index) =>
      tryOn(snapshot, () => {
        const sealed = opened[index];
        const json = sealed === undefined ? snapshot.state : openState(snapshot, sealed, keys);
        return { ...snapshot, state: transcoder.decode(json) };
      }),
    ),
  );
}

function sealingKeys(snapshot: Snapshot, { ring, encrypt }: Mapping): MaybePromise<readonly SealingKey[]> {
  const subjects = new Set(snapshot.subjects);
  if (subjects.size === 0)
    return ring !== undefined && encrypt ? whenReady(ring.dataKey(), (key) => [key]) : [];
  if (ring === undefined) throw aboutSnapshot(keysMissing('It holds personal data'), snapshot);
  return whenReady(ring.subjectKeys(subjects), (bySubject) => [...bySubject.values()]);
}

function encodeState(
  snapshot: Snapshot,
  keys: readonly SealingKey[],
  { transcoder, rule }: Mapping,
): unknown {
  const belongsTo = placeOf(snapshot);
  const json = transcoder.encode(snapshot.state);
  const [first, ...others] = keys;
  if (first === undefined) return compressJson(json, { rule, belongsTo });
  return others.reduce(
    (sealed, key) => seal(sealed, { key, isLayered: true, belongsTo }),
    sealJson(json, { key: first, rule, belongsTo }),
  );
}

function readState({ state }: Snapshot): SealedBytes | undefined {
  return state instanceof Uint8Array ? readSealed(state) : undefined;
}

function openState(snapshot: Snapshot, outermost: SealedBytes, keys: Keys): unknown {
  const belongsTo = placeOf(snapshot);
  for (let sealed = outermost; ; ) {
    const content = unseal(sealed, { key: keyOf(sealed, keys), belongsTo });
    if (!sealed.isLayered) return parse(content);
    sealed = readSealed(content);
  }
}

/** Where the sealed state belongs. */
function placeOf({ stream, version, schemaVersion }: Snapshot): string {
  return JSON.stringify(['snapshot', stream, version, schemaVersion]);
}

function tryOn<Result>(snapshot: Snapshot, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw aboutSnapshot(error, snapshot);
  }
}

function aboutSnapshot(error: unknown, { stream, version, schemaVersion }: Snapshot): unknown {
  if (!isLivefoldError(error)) return error;
  return new LivefoldError(
    error.code,
    `The snapshot of the stream "${stream}", version ${version}: ${error.message}`,
    { fields: { ...error.fields, stream, version, schemaVersion }, cause: error.cause },
  );
}
