import { z } from 'zod';
import { aggregate } from '../../../src/domain/aggregate.ts';
import { event } from '../../../src/domain/event.ts';
import { fold } from '../../../src/domain/fold.ts';
import type { BackendDefinition } from '../../../src/graphql/backend-definition.ts';
import { type RunningBackend, startBackend } from '../../../src/main/start-backend.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createTestFolder } from '../../support/test-folder.ts';

const subject = ({ id }: { readonly id: string }): string => `member:${id}`;

export const MemberNamed = event('MemberNamed', z.object({ id: z.string(), name: z.string() }), {
  personal: { subject, erased: { name: 'nobody' } },
});
export const MemberForgotten = event('MemberForgotten', z.object({ id: z.string() }), {
  forgets: (data) => [subject(data)],
});

/** A member of a club, whose every change is followed by a snapshot, stored before the receipt is given. */
export const Member = aggregate('Member', {
  state: fold<readonly string[]>([])
    .on(MemberNamed, (names, { data }) => [...names, data.name])
    .on(MemberForgotten, (names) => [...names, 'forgotten']),
  snapshots: { every: 1, mode: 'inline' },
  commands: (command) => ({
    name: command(z.object({ name: z.string() }), (_, { name }, { newId }) => [
      MemberNamed({ id: 'ada', name }),
      // A second one of another member in the same stream: its key stays.
      MemberNamed({ id: newId(), name: `friend of ${name}` }),
    ]),
    forget: command(z.object({}), () => MemberForgotten({ id: 'ada' })),
  }),
});

/** No projection and no process manager: nothing in it follows the log. */
export const members: BackendDefinition = {
  ...{ name: 'members', typeDefs: [], resolvers: {} },
  events: [MemberNamed, MemberForgotten],
  projections: [],
};

/** Several backends of members on one database, as if they were programs of their own. */
export interface OpenMembers extends AsyncDisposable {
  readonly url: string;
  start(): Promise<RunningBackend>;
}

export async function openMembers(): Promise<OpenMembers> {
  await using opening = new AsyncDisposableStack();
  const database = opening.use(await createTestDatabase());
  const folder = opening.use(await createTestFolder());
  const started = opening.adopt([] as RunningBackend[], async (backends) => {
    for (const backend of backends) await backend.stop();
  });
  const opened = opening.move();
  return {
    url: database.url,
    async start() {
      const options = { databaseUrl: database.url, dataDirectory: folder.path };
      const backend = await startBackend(members, options);
      started.push(backend);
      return backend;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
