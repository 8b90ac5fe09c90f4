import { globSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';

/** One file importing another. Paths are relative to `src`, with `/`. */
export type Edge = { readonly from: string; readonly to: string };

/** Every import between two files of `src`: static, dynamic, re-export and type-only alike. */
export function readImportGraph(src: string): readonly Edge[] {
  return globSync('**/*.ts', { cwd: src }).flatMap((path) => {
    const from = path.split(sep).join('/');
    return edgesOf(from, readFileSync(join(src, path), 'utf8'));
  });
}

/** The imports of one file that stay in `src`; the package's own name counts as the door it stands for. */
export function edgesOf(from: string, text: string): readonly Edge[] {
  return specifiersOf(from, text).flatMap((specifier) => {
    const to = resolve(from, specifier);
    return to === undefined || to.startsWith('../') ? [] : [{ from, to }];
  });
}

function specifiersOf(file: string, text: string): readonly string[] {
  const { program, errors } = parseSync(file, text);
  if (errors[0]) throw new SyntaxError(`${file}: ${errors[0].message}`);
  const specifiers: string[] = [];
  new Visitor({
    ImportDeclaration: ({ source }) => void specifiers.push(source.value),
    ExportAllDeclaration: ({ source }) => void specifiers.push(source.value),
    ExportNamedDeclaration: ({ source }) => void (source && specifiers.push(source.value)),
    TSImportType: ({ source }) => void specifiers.push(source.value),
    ImportExpression: ({ source }) => {
      if (source.type === 'Literal' && typeof source.value === 'string') specifiers.push(source.value);
    },
  }).visit(program);
  return specifiers;
}

function resolve(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier);
  if (specifier === 'livefold') return 'index.ts';
  if (specifier.startsWith('livefold/')) return `${specifier.slice('livefold/'.length)}.ts`;
  return undefined;
}
