import { pgTable, text } from 'drizzle-orm/pg-core';
import { parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { position } from '../../../src/app/read-columns.ts';
import { shop } from '../../../src/app/shop.ts';
import { projection } from '../../../src/consumption/projection.ts';
import { createPermissions } from '../../../src/graphql/auth/permissions.ts';
import { readRules } from '../../../src/graphql/auth/rules.ts';
import { buildBackendSchema, buildGuardedSchema } from '../../../src/graphql/build-schema.ts';

const notesTable = pgTable('notes', {
  id: text('id').primaryKey(),
  owner: text('owner'),
  position: position(),
});
const notes = projection('notes', notesTable);

const definition = (typeDefs: string) => ({ typeDefs, resolvers: {}, events: [], projections: [notes] });
const build = (typeDefs: string) => () => buildGuardedSchema(definition(typeDefs));
const whole = `
  type Note @table(projection: "notes") @allow(roles: ["staff"]) @allow(roles: ["writer"], own: "owner") { id: ID! }
  extend type Query { note: Note }
`;

describe('a rule that can mean nothing is refused at the start', () => {
  test.each([
    [
      'about a column that is not there',
      whole.replace('own: "owner"', 'own: "ownr"'),
      /Note .*no column "ownr"/,
    ],
    ['about a projection that is not there', whole.replace('"notes"', '"nots"'), /no projection "nots"/],
    [
      'of two types for one projection',
      `${whole} type Memo @table(projection: "notes") { id: ID! }`,
      /Memo .*already/,
    ],
    [
      'about an argument that is not there',
      `${whole} extend type Query { mine(owner: ID!): ID @allow(own: "ownr") }`,
      /Query\.mine .*"ownr"/,
    ],
    [
      'about a field that the input has not',
      `${whole} input WriteInput { owner: ID! } extend type Mutation { write(input: WriteInput!): ID @allow(own: "writer") }`,
      /Mutation\.write .*"writer"/,
    ],
    ['about tags of what is no event', whole.replace('own: "owner"', 'tag: "owner"'), /Note .*only events/],
    [
      'about a column of events',
      `${whole} extend type Notification @allow(own: "actor")`,
      /Notification .*write `tag`/,
    ],
    [
      'about an owner of an input',
      `${whole} input A { a: ID @allow(own: "a") } extend type Query { a(a: A): ID @allow }`,
      /A\.a .*nobody's own/,
    ],
    ['with roles that are no texts', whole.replace('"staff"', 'staff'), /Note .*staff/],
    [
      'of a type that a union hides',
      `${whole} union Thing = Note extend type Query { thing: Thing @allow }`,
      /behind Thing/,
    ],
  ])('%s', (_, typeDefs, message) => {
    expect(build(typeDefs)).toThrow(
      expect.objectContaining({ code: 'INVALID_RULE', message: expect.stringMatching(message) }),
    );
    // Where everything is open too: who wrote it wants to know at once.
    expect(() => buildBackendSchema(definition(typeDefs))).toThrow(
      expect.objectContaining({ code: 'INVALID_RULE' }),
    );
  });

  test('and a directive with an argument that it has not', () => {
    expect(build(whole.replace('roles: ["writer"]', 'role: "writer"'))).toThrow('Unknown argument "role"');
  });
});

test('a schema that leaves open who may use a field does not start where callers are known', () => {
  const open = `${whole} extend type Query { count: Int! } extend type Mutation { write(id: ID!): Note } extend type Subscription { counts: Int! }`;
  expect(build(open)).toThrow(
    expect.objectContaining({
      code: 'RULE_MISSING',
      fields: { places: ['Query.count', 'Mutation.write', 'Subscription.counts'] },
    }),
  );
  expect(() => buildBackendSchema(definition(open))).not.toThrow();
  expect(build(whole)).not.toThrow();
  expect(() => buildGuardedSchema(shop)).not.toThrow();
});

test('what is repeated in several documents all counts, each rule as it was written', () => {
  const { rules } = buildGuardedSchema(shop);
  expect(rules.types.get('Notification')).toEqual([
    { roles: ['operator'], own: null, tag: null },
    { roles: ['staff'], own: null, tag: null },
    { roles: ['customer'], own: null, tag: 'customer' },
    { roles: ['customer'], own: null, tag: 'user' },
  ]);
});

describe('the key of permissions', () => {
  const schema = buildBackendSchema(definition(whole));
  const rules = readRules([parse(whole)], schema);
  const keyOf = (subject: string | null, ...roles: string[]) =>
    createPermissions(rules, { subject, roles }).key;

  test('is equal for callers who may see the same', () => {
    expect(keyOf('ada', 'staff')).toBe(keyOf('grace', 'staff', 'cook'));
    expect(keyOf('ada')).toBe(keyOf(null));
    expect(keyOf('ada', 'staff', 'writer')).toBe(keyOf('grace', 'writer', 'staff'));
    expect(keyOf('ada', 'writer')).toBe(keyOf('ada', 'writer', 'writer'));
  });

  test('is another for callers who may see something else', () => {
    const keys = [keyOf('ada', 'writer'), keyOf('grace', 'writer'), keyOf('ada', 'staff'), keyOf('ada')];
    expect(new Set(keys).size).toBe(4);
    expect(keyOf('["staff"', 'writer')).not.toBe(keyOf(null, 'staff'));
  });
});
