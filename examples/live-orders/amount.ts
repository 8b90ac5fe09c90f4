const twoPlaces = new Intl.NumberFormat('en', { minimumFractionDigits: 2 });

/** A decimal of the API as money: `4.5` is `4.50`. Texts are formatted as they are, never as a float. */
export function amount(decimal: string): string {
  // The standard takes every numeric text (ECMA-402, ToIntlMathematicalValue); the type only those that it can see are one.
  return twoPlaces.format(decimal as `${number}`);
}
