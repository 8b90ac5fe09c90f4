import type { Client } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, read } from '../../app/watching.ts';
import type { TestDatabase } from '../../support/database.ts';
import { GuardedServer, type ServerCaller } from '../../support/guarded-server.ts';
import { createMachinesDatabase, machines } from './machines.ts';

let database: TestDatabase;
let server: GuardedServer;
let fitter: ServerCaller;
beforeAll(async () => {
  database = await createMachinesDatabase();
  server = await GuardedServer.serve(machines, { databaseUrl: database.url });
  fitter = server.as(await server.issuer.token('fay', { roles: ['fitter'] }));
  for (const [id, tenant] of [
    ['a', 'north'],
    ['b', 'south'],
    ['c', 'south'],
    ['d', 'north'],
  ] as const)
    await install(id, tenant);
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await database.drop();
});

/** A manager's token, with whatever its tenant is. */
const tokenOf = (tenant: unknown, subject = 'mia') =>
  server.issuer.token(subject, {
    roles: ['manager'],
    claims: tenant === undefined ? {} : { org: { tenant } },
  });
const managerOf = async (tenant: unknown) => server.as(await tokenOf(tenant));

const installing = 'mutation ($input: MachineInput!) { installMachine(input: $input) { machine { id } } }';
const moving = 'mutation ($input: MachineInput!) { moveMachine(input: $input) { receipt { position } } }';
const install = (id: string, tenant: string) => fitter.data(installing, { input: { id, tenant } });
const move = (id: string, tenant: string) => fitter.data(moving, { input: { id, tenant } });

const idsIn = ({ nodes }: { nodes: readonly { id: string }[] }) => nodes.map(({ id }) => id);
const listed = async (caller: ServerCaller) =>
  idsIn((await caller.data('{ machines { nodes { id } } }')).machines);

const live = 'subscription { machines { kind upserted { id tenant } removed } }';
const watch = (client: Client) => {
  const next = read(client, live);
  return async () => {
    const { kind, upserted, removed } = (await next()).machines;
    return { kind, upserted: idsIn({ nodes: upserted }), removed };
  };
};
const log = 'subscription { notifications(after: "0") { stream tags } }';

describe('a rule that names a claim', () => {
  test('shows the rows of the caller of that claim, whoever it is', async () => {
    expect(await listed(await managerOf('north'))).toEqual(['a', 'd']);
    expect(await listed(server.as(await tokenOf('north', 'max')))).toEqual(['a', 'd']);
    expect(await listed(await managerOf('south'))).toEqual(['b', 'c']);
    expect(await listed(await managerOf('west'))).toEqual([]);
    // The subject is another thing.
    expect(await listed(server.as(await tokenOf('west', 'north')))).toEqual([]);
    expect(await listed(fitter)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('pages among them, now and in the past', async () => {
    const manager = await managerOf('south');
    for (const args of ['first: 1', 'first: 1, asOf: { position: "4" }']) {
      const page = async (after: string) =>
        (
          await manager.data(
            `{ machines(${args}${after}) { nodes { id } pageInfo { hasNextPage endCursor } } }`,
          )
        ).machines;
      const first = await page('');
      expect([idsIn(first), first.pageInfo.hasNextPage]).toEqual([['b'], true]);
      const second = await page(`, after: "${first.pageInfo.endCursor}"`);
      expect([idsIn(second), second.pageInfo.hasNextPage]).toEqual([['c'], false]);
    }
  });

  test('hides by key what is of others as if it were not there', async () => {
    const machine = async (id: string) => (await managerOf('north')).reply(`{ machine(id: "${id}") { id } }`);
    expect((await machine('a')).body.data).toEqual({ machine: { id: 'a' } });
    expect((await machine('b')).body).toEqual((await machine('no such machine')).body);
  });

  test('is asked of arguments and of what commands take', async () => {
    const manager = await managerOf('north');
    expect(await manager.data('{ report(tenant: "north") }')).toEqual({ report: 'of north' });
    expect(await manager.refusal('{ report(tenant: "south") }')).toBe('FORBIDDEN');
    const input = { id: 'mine', tenant: 'west' };
    expect(await manager.refusal(installing, { input })).toBe('FORBIDDEN');
    expect(await (await managerOf('west')).data(installing, { input })).toEqual({
      installMachine: { machine: { id: 'mine' } },
    });
    expect(await manager.refusal(moving, { input: { id: 'mine', tenant: 'north' } })).toBe('FORBIDDEN');
  });

  test('is asked of objects from anywhere, beside a rule about the subject', async () => {
    const bills = '{ bills { tenant notes } }';
    expect(await (await managerOf('north')).data(bills)).toEqual({
      bills: [{ tenant: 'north', notes: 'paid' }],
    });
    // Who has written them is another one than the caller: its claim does not help.
    expect(await server.as(await tokenOf('north', 'max')).refusal(bills)).toBe('FORBIDDEN');
  });

  test('takes a list of values, of which any is enough, and a number for its text', async () => {
    expect(await listed(await managerOf(['north', 'south']))).toEqual(['a', 'b', 'c', 'd']);
    expect(await listed(await managerOf(['west', 'north']))).toContain('a');
    await install('seven', '7');
    expect(await listed(await managerOf(7))).toEqual(['seven']);
    expect(await listed(await managerOf([null, 7, {}]))).toEqual(['seven']);
    expect(await (await managerOf([7, 'north'])).data('{ report(tenant: "7") }')).toEqual({
      report: 'of 7',
    });
  });

  test.each([
    ['is missing', undefined],
    ['is null', null],
    ['is true', true],
    ['is an object', { id: 'north' }],
    ['is an empty list', []],
    ['is an empty text', ''],
    ['is a fraction', 1.5],
    // What the token says is 2^53 + 1; what JSON makes of it is another tenant's.
    ['is a number that was rounded', 2 ** 53],
    ['cannot be stored', 'a\0b'],
    ['is a list of lists', [['north']]],
  ])('shows nothing where the claim %s', async (_, tenant) => {
    const caller = await managerOf(tenant);
    for (const id of ['', '9007199254740992', 'null', 'true']) await install(`odd-${id}`, id);
    for (const query of [
      '{ machines { nodes { id } } }',
      '{ machine(id: "a") { id } }',
      '{ machine(id: "no such machine") { id } }',
      '{ bills { tenant } }',
      '{ report(tenant: "") }',
      `mutation { installMachine(input: { id: "x", tenant: "${typeof tenant === 'number' ? tenant : ''}" }) { machine { id } } }`,
      '{ notificationLog { nodes { tags } } }',
    ])
      expect(await caller.refusal(query)).toBe('FORBIDDEN');
    const client = server.client(await tokenOf(tenant));
    for (const query of [live, log]) await expect(read(client, query)()).rejects.toThrow('FORBIDDEN');
  });
});

describe('a live field under such a rule', () => {
  test('has a row leave the tenant that it leaves, and enter the one that it enters', async () => {
    await install('moves', 'east');
    const [east, coast, all] = [
      watch(server.client(await tokenOf('east'))),
      watch(server.client(await tokenOf('coast'))),
      watch(server.client(await tokenOf(['east', 'coast']))),
    ];
    expect(await east()).toEqual({ kind: 'SNAPSHOT', upserted: ['moves'], removed: [] });
    expect(await coast()).toEqual({ kind: 'SNAPSHOT', upserted: [], removed: [] });
    expect(await all()).toEqual({ kind: 'SNAPSHOT', upserted: ['moves'], removed: [] });
    await move('moves', 'coast');
    expect(await east()).toEqual({ kind: 'DELTA', upserted: [], removed: ['moves'] });
    expect(await coast()).toEqual({ kind: 'DELTA', upserted: ['moves'], removed: [] });
    expect(await all()).toEqual({ kind: 'DELTA', upserted: ['moves'], removed: [] });
    // What happens to it over there is not heard of here: the next frame is of something else.
    await move('moves', 'abroad');
    await install('stays', 'east');
    expect(await east()).toEqual({ kind: 'DELTA', upserted: ['stays'], removed: [] });
    expect(await coast()).toEqual({ kind: 'DELTA', upserted: [], removed: ['moves'] });
    expect(await all()).toEqual({ kind: 'DELTA', upserted: [], removed: ['moves'] });
  });

  test('replaces what the client holds when it brings a token with another claim, and not with the same', async () => {
    const refresh =
      'mutation ($token: String!) { refreshToken(input: { token: $token }) { caller { subject } } }';
    await install('hill-1', 'hill');
    await install('dale-1', 'dale');
    const client = server.client(await tokenOf('hill'));
    const [rows, events] = [watch(client), read(client, log)];
    const become = async (tenant: unknown) => {
      const { errors } = (await ask(client, refresh, { token: await tokenOf(tenant) })) ?? {};
      expect(errors).toBeUndefined();
    };
    const nextEvent = async () => (await events()).notifications.stream;
    expect(await rows()).toEqual({ kind: 'SNAPSHOT', upserted: ['hill-1'], removed: [] });
    expect(await nextEvent()).toBe('Machine-hill-1');
    // Written in another way it is the same.
    await become(['hill', 'hill']);
    await install('hill-2', 'hill');
    expect(await rows()).toEqual({ kind: 'DELTA', upserted: ['hill-2'], removed: [] });
    expect(await nextEvent()).toBe('Machine-hill-2');
    await become('dale');
    expect(await rows()).toEqual({ kind: 'SNAPSHOT', upserted: ['dale-1'], removed: [] });
    await install('hill-3', 'hill');
    await install('dale-2', 'dale');
    expect(await rows()).toEqual({ kind: 'DELTA', upserted: ['dale-2'], removed: [] });
    expect(await nextEvent()).toBe('Machine-dale-2');
    // A token without it: what was allowed is not any longer.
    await become(undefined);
    await expect(rows()).rejects.toThrow('FORBIDDEN');
    await expect(events()).rejects.toThrow('FORBIDDEN');
  });
});

describe('the log under such a rule', () => {
  test('has the events with the tag of the claim, and no filter widens it', async () => {
    const page = (filter = '') => `{ notificationLog${filter} { nodes { tags } pageInfo { hasNextPage } } }`;
    const { nodes } = (await (await managerOf('south')).data(page())).notificationLog;
    expect(nodes).toEqual(Array(2).fill({ tags: ['tenant:south'] }));
    const widened = page('(filter: { tags: ["tenant:north"] })');
    expect((await (await managerOf('south')).data(widened)).notificationLog.nodes).toEqual([]);
    const paged = (await (await managerOf('south')).data(page('(first: 2)'))).notificationLog;
    expect(paged.pageInfo.hasNextPage).toBe(false);
    const both = (await (await managerOf(['south', 'north'])).data(page('(first: 4)'))).notificationLog;
    expect(both.nodes.map(({ tags: [tag] }: { tags: string[] }) => tag)).toEqual(
      ['north', 'south', 'south', 'north'].map((tenant) => `tenant:${tenant}`),
    );
  });

  test('tells of them live', async () => {
    const events = read(
      server.client(await tokenOf('lake')),
      'subscription { notifications(after: "0") { stream } }',
    );
    await install('sea-1', 'sea');
    await install('lake-1', 'lake');
    expect((await events()).notifications).toEqual({ stream: 'Machine-lake-1' });
  });
});
