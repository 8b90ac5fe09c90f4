import type { OutputField, OutputType } from './output-types.ts';

/** Types as SDL, each described. */
export function printTypes(types: readonly OutputType[]): string {
  return types.map(printType).join('\n');
}

function printType(type: OutputType): string {
  const { kind, name, description } = type;
  return kind === 'enum'
    ? `${text(description)} enum ${name} { ${type.values.map((value) => `${text(`\`${value}\`.`)} ${value}`).join(' ')} }`
    : `${text(description)} type ${name} { ${type.fields.map(printField).join(' ')} }`;
}

function printField({ name, type, description }: OutputField): string {
  return `${text(description)} ${name}: ${type}`;
}

/** A description; what JSON escapes, GraphQL does too. */
function text(description: string): string {
  return JSON.stringify(description);
}
