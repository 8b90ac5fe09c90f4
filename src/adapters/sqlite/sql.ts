import type { SQLInputValue } from 'node:sqlite';

/** A piece of SQL with the values of its parameters. */
export type Sql = { readonly text: string; readonly parameters: readonly SQLInputValue[] };

/** SQL from a template: a value becomes a parameter, another piece is put in. Nothing else gets into the text. */
export function sql(strings: TemplateStringsArray, ...values: readonly (SQLInputValue | Sql)[]): Sql {
  const parameters: SQLInputValue[] = [];
  let text = strings[0] ?? '';
  for (const [index, value] of values.entries()) {
    if (isSql(value)) {
      text += value.text;
      parameters.push(...value.parameters);
    } else {
      text += '?';
      parameters.push(value);
    }
    text += strings[index + 1] ?? '';
  }
  return { text, parameters };
}

/** Pieces one after another. */
export function joinSql(parts: readonly Sql[], separator = ' '): Sql {
  return {
    text: parts.map(({ text }) => text).join(separator),
    parameters: parts.flatMap(({ parameters }) => parameters),
  };
}

function isSql(value: SQLInputValue | Sql): value is Sql {
  return typeof value === 'object' && value !== null && 'parameters' in value;
}
