/** The lowest whole number from `low` up to `high` of which `holds` is true, when it is for all above one of them; else `high`. */
export function lowest(low: number, high: number, holds: (number: number) => boolean): number {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (holds(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}
