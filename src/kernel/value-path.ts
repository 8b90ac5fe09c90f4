/** The way to a value within another one: names of members and indexes of items. */
export type ValuePath = readonly (string | number)[];

const longestShown = 200;

/** A path as messages show it, `lines.0.price`, for a value that stands in "the value" itself, `the value`. */
export function showPath(path: ValuePath): string {
  if (path.length === 0) return 'the value';
  const text = path.slice(0, 20).join('.');
  return text.length > longestShown || path.length > 20 ? `${text.slice(0, longestShown)}…` : text;
}
