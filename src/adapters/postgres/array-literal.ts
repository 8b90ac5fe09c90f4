const SPECIAL = /["\\]/g;

/** A Postgres array literal of texts. Written by hand because one regular expression per value is all it takes. */
export function textArray(values: readonly (string | null)[]): string {
  let literal = '{';
  for (let index = 0; index < values.length; index += 1) {
    if (index > 0) literal += ',';
    const value = values[index] ?? null;
    literal += value === null ? 'NULL' : `"${value.replace(SPECIAL, '\\$&')}"`;
  }
  return `${literal}}`;
}

/** A Postgres array literal of values that need no quotes: numbers, UUIDs, ISO times without a comma. */
export function plainArray(values: readonly (number | string | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}
