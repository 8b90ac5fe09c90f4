/** The value as a name that GraphQL allows: letters, digits and `_`, no digit first, no `__` (which is its own) at the beginning. */
export function toGraphQLName(text: string): string {
  const name = text.replaceAll(/[^_A-Za-z0-9]/g, '_').replace(/^_{2,}/, '_');
  return /^[_A-Za-z]/.test(name) ? name : `_${name}`;
}

/** The first of `name`, `name_2`, `name_3`, … that is not taken. It is taken from then on. */
export function takeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name}_${number}`;
  taken.add(free);
  return free;
}

/** Whether the text can stand as an enum's value as it is. */
export function isEnumValue(text: string): boolean {
  return text === toGraphQLName(text) && !['true', 'false', 'null'].includes(text);
}
