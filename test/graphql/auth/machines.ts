import { sql } from 'drizzle-orm';
import { pgTable, text } from 'drizzle-orm/pg-core';
import { z } from 'zod';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { key, position } from '../../../src/app/read-columns.ts';
import { projection } from '../../../src/consumption/projection.ts';
import { aggregate } from '../../../src/domain/aggregate.ts';
import { event } from '../../../src/domain/event.ts';
import { fold } from '../../../src/domain/fold.ts';
import { reject } from '../../../src/domain/rejection.ts';
import type { BackendDefinition } from '../../../src/graphql/backend-definition.ts';
import { liveField } from '../../../src/graphql/live-field.ts';
import { mutationField } from '../../../src/graphql/mutation-field.ts';
import { rowField, rowsField } from '../../../src/graphql/row-fields.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

const Placed = z.object({ id: z.string(), tenant: z.string() });
const tags = ({ tenant }: z.infer<typeof Placed>) => [`tenant:${tenant}`];
const Installed = event('MachineInstalled', Placed, { tags });
const Moved = event('MachineMoved', Placed, { tags });

const Machine = aggregate('Machine', {
  state: fold({ isThere: false }).on(Installed, () => ({ isThere: true })),
  commands: (command) => ({
    install: command(Placed, (_, input) => Installed(input)),
    move: command(Placed, ({ isThere }, input) => (isThere ? Moved(input) : reject('UNKNOWN_MACHINE'))),
  }),
});

const machinesTable = pgTable('machines', {
  id: key('id').primaryKey(),
  tenant: text('tenant').notNull(),
  position: position(),
});
const Machines = projection('machines', machinesTable)
  .on(Installed, 'id', (_, { data }) => data)
  .on(Moved, 'id', (row, { data }) => row && { ...row, ...data });

/** Who manages sees the machines of its tenants, which its token names; who installs them sees all. */
const typeDefs = /* GraphQL */ `
  type Machine @table(projection: "machines")
    @allow(roles: ["fitter"])
    @allow(roles: ["manager"], own: "tenant", claim: "org.tenant") {
    id: ID!
    tenant: ID!
  }
  type MachineConnection { nodes: [Machine!]!, pageInfo: PageInfo! }
  type MachineChanges { kind: ChangeKind!, position: Position!, upserted: [Machine!]!, removed: [ID!]!, live: Boolean! }
  type Bill @allow(roles: ["manager"], own: "tenant", claim: "org.tenant") {
    tenant: ID!
    notes: String @allow(own: "author")
  }
  input MachineInput { id: ID!, tenant: ID! }
  type MachinePayload { receipt: Receipt!, machine: Machine! }
  extend type Query {
    machine(id: ID!): Machine
    machines(first: Int, after: String, asOf: AsOf): MachineConnection! @allow(roles: ["fitter", "manager"])
    bills: [Bill!]!
    report(tenant: ID!): String! @allow(roles: ["manager"], own: "tenant", claim: "org.tenant")
  }
  extend type Mutation {
    installMachine(input: MachineInput!): MachinePayload!
      @allow(roles: ["fitter"])
      @allow(roles: ["manager"], own: "tenant", claim: "org.tenant")
    moveMachine(input: MachineInput!): MachinePayload! @allow(roles: ["fitter"])
  }
  extend type Subscription { machines(after: Position): MachineChanges! @allow(roles: ["fitter", "manager"]) }
  extend type Notification @allow(roles: ["manager"], tag: "tenant", claim: "org.tenant")
  extend type NotificationConnection @allow(roles: ["manager"])
`;

export const machines: BackendDefinition = {
  name: 'machines',
  typeDefs,
  resolvers: {
    Query: {
      machine: rowField(Machines),
      machines: rowsField(Machines),
      bills: () => ['north', 'south'].map((tenant) => ({ tenant, author: 'mia', notes: 'paid' })),
      report: (_: unknown, { tenant }: { tenant: string }) => `of ${tenant}`,
    },
    Mutation: {
      installMachine: mutationField('machine', Machines, Machine.commands.install),
      moveMachine: mutationField('machine', Machines, Machine.commands.move),
    },
    Subscription: { machines: liveField('machines', Machines) },
  },
  events: [Installed, Moved],
  projections: [Machines],
  roles: ['fitter', 'manager'],
};

export async function createMachinesDatabase(): Promise<TestDatabase> {
  const created = await createTestDatabase();
  const database = openDatabase(created.url, { connections: 1 });
  await database.session.execute(
    sql`create table machines (id text collate "C" primary key, tenant text not null, position bigint not null)`,
  );
  await database.close();
  return created;
}
