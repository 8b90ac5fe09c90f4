import { LivefoldError } from './errors.ts';

/** An exact decimal number as text: an optional minus, digits, optionally a point and more digits. Never a float. */
export type Decimal = string;

const PATTERN = /^(-?)(\d+)(?:\.(\d+))?$/;

/**
 * A number as a whole count of its last digit. Units are a `number` where that is exact: sums of money almost always fit,
 * and bigints are five times slower.
 */
type Scaled = { readonly units: number | bigint; readonly scale: number };

/** So many characters of digits fit a double exactly. */
const exactLength = 15;
const powers = Array.from({ length: exactLength + 1 }, (_, exponent) => 10 ** exponent);

/** Whether `text` is written as a decimal. */
export function isDecimal(text: string): boolean {
  return PATTERN.test(text);
}

/** The exact sum. */
export function addDecimals(a: Decimal, b: Decimal): Decimal {
  return combine(
    a,
    b,
    (x, y) => x + y,
    (x, y) => x + y,
  );
}

/** The exact difference. */
export function subtractDecimals(a: Decimal, b: Decimal): Decimal {
  return combine(
    a,
    b,
    (x, y) => x - y,
    (x, y) => x - y,
  );
}

/** The exact product. */
export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  const x = parse(a);
  const y = parse(b);
  const product = typeof x.units === 'number' && typeof y.units === 'number' ? x.units * y.units : Number.NaN;
  return format({
    units: Number.isSafeInteger(product) ? product : BigInt(x.units) * BigInt(y.units),
    scale: x.scale + y.scale,
  });
}

/** Negative, zero or positive, as `a` is below, equal to or above `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const difference = subtractDecimals(a, b);
  if (difference === '0') return 0;
  return difference.startsWith('-') ? -1 : 1;
}

/** The same number without superfluous zeros: `'12.50'` → `'12.5'`, `'-0.0'` → `'0'`. */
export function normalizeDecimal(text: Decimal): Decimal {
  return format(parse(text));
}

function combine(
  a: Decimal,
  b: Decimal,
  small: (x: number, y: number) => number,
  large: (x: bigint, y: bigint) => bigint,
): Decimal {
  const x = parse(a);
  const y = parse(b);
  const scale = Math.max(x.scale, y.scale);
  const [left, right] = [shift(x, scale), shift(y, scale)];
  const units = small(left, right);
  // All three have to be exact: two that were rounded may well come to a whole number that is wrong.
  if ([left, right, units].every(Number.isSafeInteger)) return format({ units, scale });
  return format({ units: large(raise(x, scale), raise(y, scale)), scale });
}

/** The units at another scale, if they are a number; not safe, and so not used, where they are not. */
function shift({ units, scale }: Scaled, to: number): number {
  return typeof units === 'number' ? units * (powers[to - scale] ?? Number.NaN) : Number.NaN;
}

function raise({ units, scale }: Scaled, to: number): bigint {
  return BigInt(units) * 10n ** BigInt(to - scale);
}

function parse(text: Decimal): Scaled {
  const match = PATTERN.exec(text);
  if (match === null)
    throw new LivefoldError(
      'INVALID_DECIMAL',
      `${JSON.stringify(text)} is not a decimal number: write digits with at most one point.`,
    );
  const [, sign, whole = '', fraction = ''] = match;
  const digits = sign + whole + fraction;
  return { units: digits.length <= exactLength ? Number(digits) : BigInt(digits), scale: fraction.length };
}

function format({ units, scale }: Scaled): Decimal {
  const isNegative = units < 0;
  const digits = String(isNegative ? -units : units).padStart(scale + 1, '0');
  const point = digits.length - scale;
  let end = digits.length;
  while (end > point && digits.charCodeAt(end - 1) === 48) end -= 1;
  const text =
    end === point ? digits.slice(0, point) : `${digits.slice(0, point)}.${digits.slice(point, end)}`;
  return isNegative ? `-${text}` : text;
}
