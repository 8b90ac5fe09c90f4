import type { Compression } from './compression.ts';
import { type Keys, keyOf } from './key-of.ts';
import { damaged, type SealedBytes, seal, unseal } from './sealed-bytes.ts';
import type { SealingKey } from './sealing-key.ts';

/** What is compressed, and how: JSON of so many bytes or more. */
export type CompressionRule = { readonly from: number; readonly method: Compression };

/** JSON as sealed bytes, encrypted. */
export function sealJson(
  json: unknown,
  {
    key,
    rule,
    belongsTo,
  }: { readonly key: SealingKey; readonly rule: CompressionRule | undefined; readonly belongsTo: string },
): Uint8Array {
  const content = Buffer.from(JSON.stringify(json));
  const compression = rule !== undefined && content.length >= rule.from ? rule.method : undefined;
  return seal(content, { key, compression, belongsTo });
}

/** JSON as sealed bytes, compressed alone; the JSON itself where the rule leaves it out or nothing would be won. */
export function compressJson(
  json: unknown,
  { rule, belongsTo }: { readonly rule: CompressionRule | undefined; readonly belongsTo: string },
): unknown {
  if (rule === undefined) return json;
  const text = JSON.stringify(json);
  // A unit of text takes three bytes at most, so that a short one need not be measured.
  if (3 * text.length < rule.from) return json;
  const content = Buffer.from(text);
  if (content.length < rule.from) return json;
  const sealed = seal(content, { compression: rule.method, belongsTo });
  return sealed.length < content.length ? sealed : json;
}

/** The JSON in sealed bytes. @throws LivefoldError `SEALED_DATA_DAMAGED`, and what `keyOf` throws */
export function openJson(
  sealed: SealedBytes,
  { keys, belongsTo }: { readonly keys: Keys; readonly belongsTo: string },
): unknown {
  return parse(unseal(sealed, { key: keyOf(sealed, keys), belongsTo }));
}

export function parse(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString());
  } catch (cause) {
    throw damaged('what is in them is no JSON', cause);
  }
}
