import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { brokenRules, circles } from './floor-rules.ts';
import { edgesOf, readImportGraph } from './import-graph.ts';

describe('src', () => {
  const edges = readImportGraph(join(import.meta.dirname, '../../src'));

  test('has enough imports for the rules to mean something', () => {
    expect(edges.length).toBeGreaterThanOrEqual(100);
  });

  test('imports only downward', () => {
    expect(brokenRules(edges)).toEqual([]);
  });

  test('has no circle of imports', () => {
    expect(circles(edges)).toEqual([]);
  });
});

describe('the walker', () => {
  test.each([
    ['a value', `import { b } from './b.ts';`],
    ['a type', `import type { B } from './b.ts';`],
    ['a side effect', `import './b.ts';`],
    ['a re-export', `export { b } from './b.ts';`],
    ['a re-export of everything', `export * from './b.ts';`],
    ['a re-exported type', `export type { B } from './b.ts';`],
    ['a dynamic import', `const b = await import('./b.ts');`],
    ['a type written in place', `export type B = import('./b.ts').B;`],
  ])('sees %s', (_, text) => {
    expect(edgesOf('kernel/a.ts', text)).toEqual([{ from: 'kernel/a.ts', to: 'kernel/b.ts' }]);
  });

  test('takes the package name for the door behind it', () => {
    const text = `import { event } from 'livefold'; import { postgres } from 'livefold/postgres';`;
    expect(edgesOf('app/a.ts', text).map(({ to }) => to)).toEqual(['index.ts', 'postgres.ts']);
  });

  test('leaves out other packages, text that only looks like an import, and files outside src', () => {
    const text = `import { z } from 'zod'; const text = "import './b.ts'"; // import './c.ts'
      import manifest from '../../package.json' with { type: 'json' };`;
    expect(edgesOf('kernel/a.ts', text)).toEqual([]);
  });

  test('refuses a file that does not parse', () => {
    expect(() => edgesOf('kernel/a.ts', 'import from from from')).toThrow('kernel/a.ts');
  });
});

describe('the rules', () => {
  test.each([
    ['the same folder', 'domain/a.ts', 'domain/b.ts'],
    ['a lower floor', 'app/shop.ts', 'kernel/a.ts'],
    ['the floors below the wing, from the wing', 'adapters/postgres/a.ts', 'consumption/b.ts'],
    ['the wing, from the top', 'main/main.ts', 'adapters/postgres/a.ts'],
    ['anything, from a door', 'postgres.ts', 'adapters/postgres/a.ts'],
    ['a lower slice', 'app/orders/a.ts', 'app/products/b.ts'],
    ['a slice, from the file that puts the slices together', 'app/shop.ts', 'app/orders/a.ts'],
  ])('allow %s', (_, from, to) => {
    expect(brokenRules([{ from, to }])).toEqual([]);
  });

  test.each([
    ['a higher floor', 'domain/a.ts', 'application/b.ts', 'floor 5 is above floor 2'],
    ['a floor above the wing', 'adapters/postgres/a.ts', 'graphql/b.ts', 'floor 7 is above floor 6'],
    [
      'the wing, from below the top',
      'app/shop.ts',
      'adapters/postgres/a.ts',
      'adapters are chosen on floor 9',
    ],
    ['a door', 'main/main.ts', 'index.ts', 'a door is for users of the package'],
    ['a door, from a door', 'testing.ts', 'index.ts', 'a door is for users of the package'],
    ['a folder without a floor', 'main/main.ts', 'misc/a.ts', 'src/misc has no floor'],
    ['from a folder without a floor', 'misc/a.ts', 'kernel/b.ts', 'src/misc has no floor'],
    ['a higher slice', 'app/orders/a.ts', 'app/analytics/b.ts', 'slice analytics is not below slice orders'],
    [
      'a slice of the same rank',
      'app/users/a.ts',
      'app/products/b.ts',
      'slice products is not below slice users',
    ],
    ['a slice without a rank', 'app/orders/a.ts', 'app/returns/b.ts', 'no place in the order'],
  ])('refuse %s', (_, from, to, fault) => {
    expect(brokenRules([{ from, to }])).toEqual([expect.stringContaining(fault)]);
  });

  test('find a circle, whatever leads to it', () => {
    const edges = [
      { from: 'entry.ts', to: 'a.ts' },
      { from: 'a.ts', to: 'b.ts' },
      { from: 'b.ts', to: 'c.ts' },
      { from: 'c.ts', to: 'a.ts' },
    ];
    expect(circles(edges)).toEqual(['a.ts → b.ts → c.ts → a.ts']);
  });

  test('find a file that imports itself', () => {
    expect(circles([{ from: 'a.ts', to: 'a.ts' }])).toEqual(['a.ts → a.ts']);
  });

  test('take two ways to one file for no circle', () => {
    const edges = [
      { from: 'a.ts', to: 'b.ts' },
      { from: 'a.ts', to: 'c.ts' },
      { from: 'b.ts', to: 'd.ts' },
      { from: 'c.ts', to: 'd.ts' },
    ];
    expect(circles(edges)).toEqual([]);
  });
});
