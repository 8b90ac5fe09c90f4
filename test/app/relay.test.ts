import {
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isInputType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { shop } from '../../src/app/shop.ts';
import { buildBackendSchema } from '../../src/graphql/build-schema.ts';

const schema = buildBackendSchema(shop);
const objects = Object.values(schema.getTypeMap()).filter(isObjectType);
const connections = objects.filter(({ name }) => name.endsWith('Connection'));
const edges = objects.filter(({ name }) => name.endsWith('Edge'));

type Field = GraphQLField<unknown, unknown>;
type Placed = { readonly place: string; readonly field: Field };
const fieldsOf = (type: GraphQLObjectType): readonly Placed[] =>
  Object.values(type.getFields()).map((field) => ({ place: `${type.name}.${field.name}`, field }));
const pages = objects
  .flatMap(fieldsOf)
  .filter(({ field }) => getNamedType(field.type).name.endsWith('Connection'));

/** The rules by their sections in https://relay.dev/graphql/connections.htm */
describe('Relay’s connections', () => {
  test('there are some', () => {
    expect(connections.length).toBeGreaterThan(3);
    expect(edges.length).toBe(connections.length);
    expect(pages.length).toBeGreaterThan(3);
  });

  test('1: PageInfo is an object of that name', () => {
    expect(schema.getType('PageInfo')?.toString()).toBe('PageInfo');
    expect(isObjectType(schema.getType('PageInfo'))).toBe(true);
  });

  describe.each(connections)('$name', (connection) => {
    const { edges: edgesField, pageInfo } = connection.getFields();

    test('2.1: its name ends in Connection, and it is an object', () => {
      expect(connection.name).toMatch(/^[A-Z]\w+Connection$/);
    });

    test('2.1.1: edges is a list of its edge type', () => {
      const list = edgesField && getNullableType(edgesField.type);
      expect(isListType(list)).toBe(true);
      expect(edgesField && getNamedType(edgesField.type).name).toBe(
        connection.name.replace(/Connection$/, 'Edge'),
      );
    });

    test('2.1.2: pageInfo is a non-null PageInfo', () => {
      expect(String(pageInfo?.type)).toBe('PageInfo!');
    });
  });

  describe.each(edges)('$name', (edge) => {
    const { node, cursor } = edge.getFields();

    test('3.1.1: node is no list', () => {
      expect(node && isListType(getNullableType(node.type))).toBe(false);
      expect(isInputType(node?.type) && !isScalarType(node?.type)).toBe(false);
    });

    test('3.1.2: cursor is written as a text', () => {
      const type = cursor && getNullableType(cursor.type);
      expect(isScalarType(type)).toBe(true);
      expect(['String', 'ID', 'Position']).toContain(String(type));
    });
  });

  describe.each(pages)('$place', ({ field }) => {
    const argument = (name: string) => field.args.find((one) => one.name === name);

    test('4: pages forwards, backwards, or both', () => {
      expect(argument('first') ?? argument('last')).toBeDefined();
    });

    test.each([
      ['4.1', 'first', 'after'],
      ['4.2', 'last', 'before'],
    ])(
      '%s: %s is a whole number that may be left out, and comes with %s, of the cursors’ type',
      (_, size, cursor) => {
        if (argument(size) === undefined) return;
        expect(String(argument(size)?.type)).toBe('Int');
        const given = argument(cursor);
        expect(given).toBeDefined();
        expect(given && isNonNullType(given.type)).toBe(false);
        const connection = getNamedType(field.type);
        const edge = schema.getType(connection.name.replace(/Connection$/, 'Edge'));
        const written = isObjectType(edge) ? edge.getFields().cursor : undefined;
        expect(String(given?.type)).toBe(String(written && getNullableType(written.type)));
      },
    );
  });

  test('5.1: PageInfo says whether there is more, and where the page begins and ends', () => {
    const type = schema.getType('PageInfo');
    const fields = isObjectType(type) ? type.getFields() : {};
    expect(String(fields.hasNextPage?.type)).toBe('Boolean!');
    expect(String(fields.hasPreviousPage?.type)).toBe('Boolean!');
    expect(String(fields.startCursor?.type)).toMatch(/^String!?$/);
    expect(String(fields.endCursor?.type)).toMatch(/^String!?$/);
  });
});
