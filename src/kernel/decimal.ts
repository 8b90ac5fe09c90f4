import { LivefoldError } from './errors.ts';

/** An exact decimal number as text: an optional minus, digits, optionally a point and more digits. Never a float. */
export type Decimal = string;

const PATTERN = /^(-?)(\d+)(?:\.(\d+))?$/;

type Scaled = { readonly units: bigint; readonly scale: number };

/** Whether `text` is written as a decimal. */
export function isDecimal(text: string): boolean {
  return PATTERN.test(text);
}

/** The exact sum. */
export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const [x, y, scale] = align(parse(a), parse(b));
  return format(x + y, scale);
}

/** The exact difference. */
export function subtractDecimals(a: Decimal, b: Decimal): Decimal {
  const [x, y, scale] = align(parse(a), parse(b));
  return format(x - y, scale);
}

/** The exact product. */
export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  const x = parse(a);
  const y = parse(b);
  return format(x.units * y.units, x.scale + y.scale);
}

/** Negative, zero or positive, as `a` is below, equal to or above `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const [x, y] = align(parse(a), parse(b));
  return x < y ? -1 : Number(x > y);
}

/** The same number without superfluous zeros: `'12.50'` → `'12.5'`, `'-0.0'` → `'0'`. */
export function normalizeDecimal(text: Decimal): Decimal {
  const { units, scale } = parse(text);
  return format(units, scale);
}

function parse(text: Decimal): Scaled {
  const match = PATTERN.exec(text);
  if (match === null)
    throw new LivefoldError(
      'INVALID_DECIMAL',
      `${JSON.stringify(text)} is not a decimal number: write digits with at most one point.`,
    );
  const [, sign, whole = '', fraction = ''] = match;
  const units = BigInt(whole + fraction);
  return { units: sign === '-' ? -units : units, scale: fraction.length };
}

function align(a: Scaled, b: Scaled): readonly [bigint, bigint, number] {
  const scale = Math.max(a.scale, b.scale);
  return [a.units * 10n ** BigInt(scale - a.scale), b.units * 10n ** BigInt(scale - b.scale), scale];
}

function format(units: bigint, scale: number): Decimal {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const point = digits.length - scale;
  const fraction = digits.slice(point).replace(/0+$/, '');
  const text = fraction === '' ? digits.slice(0, point) : `${digits.slice(0, point)}.${fraction}`;
  return units < 0n && text !== '0' ? `-${text}` : text;
}
