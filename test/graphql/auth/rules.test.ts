import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import fc from 'fast-check';
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
  reader: text('reader'),
  pages: integer('pages'),
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
    [
      'about a column that is no text',
      whole.replace('own: "owner"', 'own: "pages"'),
      /Note .*"pages" is no text but integer/,
    ],
    [
      'about a claim and nothing to compare it with',
      whole.replace('own: "owner"', 'claim: "tenant"'),
      /Note .*"tenant" is compared with/,
    ],
    [
      'about a claim without a name',
      `${whole} extend type Query { a(b: ID): ID @allow(own: "b", claim: "") }`,
      /Query\.a .*has a name/,
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

describe('a backend that says its roles', () => {
  const having = (roles: readonly string[], typeDefs: string) => () =>
    buildBackendSchema({ ...definition(typeDefs), roles });
  const wrong = (place: string) =>
    expect.objectContaining({ code: 'INVALID_RULE', message: expect.stringContaining(place) });

  test('has no rule about another one, on a type, a field or an input', () => {
    expect(having(['staff', 'writer'], whole)).not.toThrow();
    expect(having(['staff', 'writers'], whole)).toThrow(wrong('Note'));
    const input = `${whole} input A { a: ID @allow(roles: ["staff", "wirter"]) }`;
    expect(having(['staff', 'writer'], input)).toThrow(wrong('A.a'));
    const field = `${whole} extend type Query { a: ID @allow(roles: ["wirter"]) }`;
    expect(having(['staff', 'writer'], field)).toThrow(wrong('Query.a'));
    expect(having([], `extend type Query { a: ID @allow(roles: ["staff"]) }`)).toThrow(wrong('Query.a'));
  });

  test("has Livefold's own without saying it, and rules for nobody and everybody", () => {
    const log = `${whole} extend type Query { a: ID @allow(roles: ["operator"]), b: ID @allow(roles: []), c: ID @allow }`;
    expect(having(['staff', 'writer'], log)).not.toThrow();
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
    { roles: ['operator'], own: null, tag: null, claim: null },
    { roles: ['staff'], own: null, tag: null, claim: null },
    { roles: ['customer'], own: null, tag: 'customer', claim: null },
    { roles: ['customer'], own: null, tag: 'user', claim: null },
  ]);
});

describe('the key of permissions under rules that name claims', () => {
  const typeDefs = `
    type Note @table(projection: "notes") @allow(roles: ["staff"])
      @allow(roles: ["writer"], own: "owner", claim: "org.team")
      @allow(roles: ["editor"], own: "reader", claim: "org.desk")
      @allow(roles: ["author"], own: "owner") { id: ID! }
    extend type Query { note: Note }
  `;
  const rules = readRules([parse(typeDefs)], buildBackendSchema(definition(typeDefs)));
  const permissionsOf = (caller: { roles: string[]; subject?: string; org?: unknown }) => {
    const { roles, subject = 'ada', org } = caller;
    return createPermissions(rules, { subject, roles, claims: { org } });
  };

  test('is equal where the claims that count are, and nothing else matters', () => {
    const keyOf = (caller: Parameters<typeof permissionsOf>[0]) => permissionsOf(caller).key;
    const red = keyOf({ roles: ['writer'], org: { team: 'red' } });
    expect(keyOf({ roles: ['writer'], org: { team: ['red', 'red'], desk: 'x' }, subject: 'bob' })).toBe(red);
    expect(keyOf({ roles: ['staff', 'writer'], org: { team: 'red' } })).toBe(
      keyOf({ roles: ['staff', 'writer'], org: { team: 'blue' } }),
    );
    const two = keyOf({ roles: ['writer'], org: { team: ['red', 'blue'] } });
    expect(keyOf({ roles: ['writer'], org: { team: ['blue', 'red'] } })).toBe(two);
    const others = [
      two,
      keyOf({ roles: ['writer'], org: { team: 'blue' } }),
      keyOf({ roles: ['writer'], org: { team: 'red,blue' } }),
      keyOf({ roles: ['writer'], org: {} }),
      keyOf({ roles: ['editor'], org: { desk: 'red' } }),
      keyOf({ roles: ['author'], subject: 'red' }),
      keyOf({ roles: ['writer', 'editor'], org: { team: 'red' } }),
      keyOf({ roles: ['writer', 'editor'], org: { desk: 'red' } }),
      keyOf({ roles: ['writer', 'editor'], org: { team: 'red', desk: 'blue' } }),
      keyOf({ roles: ['writer', 'editor'], org: { team: 'blue', desk: 'red' } }),
    ];
    expect(new Set([red, ...others]).size).toBe(others.length + 1);
  });

  /** Whoever shares a key shares every frame: so no two may that see other rows. */
  test('is never equal for callers who see different rows', () => {
    const value = fc.constantFrom<unknown>(
      'x',
      'y',
      '',
      null,
      undefined,
      ['x'],
      ['x', 'y'],
      [['x']],
      1,
      '1',
      true,
    );
    const one = fc.record({
      subject: fc.constantFrom('x', 'y', '1'),
      org: fc.record({ team: value, desk: value }),
    });
    // With other roles keys are hardly ever equal.
    const callers = fc
      .tuple(fc.subarray(['staff', 'writer', 'editor', 'author', 'cook']), one, one)
      .map(([roles, a, b]) => [permissionsOf({ roles, ...a }), permissionsOf({ roles, ...b })] as const);
    const seen = (permissions: ReturnType<typeof permissionsOf>) =>
      ['x', 'y', '1', '', 'null'].flatMap((id) =>
        [{ owner: id }, { reader: id }].map((note) => permissions.sees('Note', note)),
      );
    fc.assert(
      fc.property(callers, ([a, b]) => {
        if (a.key === b.key) expect(seen(a)).toEqual(seen(b));
      }),
      { numRuns: 3_000 },
    );
  });
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
