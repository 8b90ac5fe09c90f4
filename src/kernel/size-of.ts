/**
 * About how many bytes of memory a JSON value takes: two for each character, and some for each value. Good enough to keep what is
 * in memory within bounds; takes a fraction of what parsing the value took.
 */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return 16 + 2 * value.length;
  if (typeof value !== 'object' || value === null) return 8;
  if (value instanceof Uint8Array) return 64 + value.byteLength;
  let bytes = 32;
  if (Array.isArray(value)) for (const item of value) bytes += 8 + sizeOf(item);
  else if (value instanceof Map) for (const [key, item] of value) bytes += 16 + sizeOf(key) + sizeOf(item);
  else if (value instanceof Set) for (const item of value) bytes += 16 + sizeOf(item);
  // Names are shared by all objects of a shape.
  else for (const item of Object.values(value)) bytes += 8 + sizeOf(item);
  return bytes;
}
