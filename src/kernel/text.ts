/**
 * Compares two texts by code point, as Postgres does under the collation "C": negative, zero or positive. JavaScript's
 * own `<` compares UTF-16 units, which puts emoji before some letters of the Basic Multilingual Plane.
 */
export function compareText(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
