import { exceeded, type Limits } from './limits.ts';

/** Deeper than any input type is written, and far from the depth at which reading it would overflow the stack. */
const mostLevels = 100;

/**
 * How many values there are in an operation's variables, lists and objects among them. The document's own limits say nothing of
 * those: a filter of a hundred thousand parts is one variable.
 *
 * @throws GraphQLError `LIMIT_EXCEEDED` where there are too many, or one inside another too often
 */
export function countValues(variables: unknown, { values: most }: Pick<Limits, 'values'>): number {
  let count = 0;
  // Not by recursion, which is what deep values are sent against.
  for (
    let level = inside(variables), depth = 0;
    level.length > 0;
    level = level.flatMap(inside), depth += 1
  ) {
    count += level.length;
    if (count > most || depth >= mostLevels) {
      const limit = count > most ? `more than ${most} values` : `values in more than ${mostLevels} levels`;
      throw exceeded('values', `The variables have ${limit}.`);
    }
  }
  return count;
}

function inside(value: unknown): readonly unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}
