import { type Executable, toCommands } from '../../application/executable.ts';
import type { StoredEvent } from '../../domain/event.ts';
import type { Query } from '../../domain/query.ts';
import { isLivefoldError, LivefoldError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/log.ts';
import type { EventStore, Position } from '../../persistence/event-store.ts';
import type { OpenApplication } from './place.ts';
import type { Pipe } from './system.ts';

/** What the domain answers for good: it is noted, and the commands beside it are carried out. */
const refusals = ['COMMAND_REJECTED', 'SUBJECT_FORGOTTEN'];

/**
 * A pipe, ready to carry events. Each event is claimed and its commands are carried out in one transaction of the follower's,
 * so that it has its effect exactly once, whoever else carries events through the same pipe.
 */
export class Link {
  readonly pipe: Pipe;
  /** What the follower does something about. */
  readonly query: Query;
  readonly #follower: OpenApplication;
  readonly #upstream: Pick<EventStore, 'head'>;
  readonly #consumer: string;
  readonly #logger: Logger;

  constructor(
    pipe: Pipe,
    parts: {
      readonly follower: OpenApplication;
      readonly upstream: Pick<EventStore, 'head'>;
      readonly logger: Logger;
    },
  ) {
    this.pipe = pipe;
    this.query = { items: [{ types: pipe.follower.types }] };
    this.#follower = parts.follower;
    this.#upstream = parts.upstream;
    this.#logger = parts.logger;
    this.#consumer = `system:${pipe.follower.name}:${pipe.upstream.name}`;
  }

  /**
   * How far the follower has come in the other's log.
   *
   * @throws LivefoldError `LOG_BEHIND` when that log ends before: what comes next would be taken for seen
   */
  async position(): Promise<Position> {
    const position = (await this.#follower.persistence.tracking.positionOf(this.#consumer)) ?? 0;
    const head = position === 0 ? 0 : await this.#upstream.head();
    if (position <= head) return position;
    const { upstream, follower } = this.pipe;
    throw new LivefoldError(
      'LOG_BEHIND',
      `"${follower.name}" has seen the log of "${upstream.name}" up to position ${position}, and it ends at ${head}: it was restored from an older backup, or it is another log. Restore both from the same time.`,
      { fields: { application: follower.name, follows: upstream.name, position, head } },
    );
  }

  /**
   * Claims an event and carries out what follows from it, both or neither.
   *
   * @throws LivefoldError `CONCURRENCY_CONFLICT` when somebody else has carried it, or changed what the commands are about
   */
  async carry(event: StoredEvent): Promise<void> {
    const commands = this.#follower.application.reactTo(event);
    const { persistence } = this.#follower;
    await persistence.transaction(async (transaction) => {
      // First: who comes second waits here, and finds out before it does any work.
      await persistence.tracking.advance(this.#consumer, event.position, { transaction });
      for (const [index, command] of commands.entries()) {
        try {
          await this.#follower.execute(command, { ...this.#originOf(event, index), transaction });
        } catch (error) {
          if (!isRefusal(error)) throw error;
          const facts = { application: this.pipe.follower.name, event: event.id, index };
          this.#logger.info({ ...facts, reason: error.fields.reason }, 'a command was rejected');
        }
      }
    });
    this.#forget(commands);
  }

  /** Notes that nothing up to a position is left to do. @throws LivefoldError `CONCURRENCY_CONFLICT` */
  pass(position: Position): Promise<void> {
    return this.#follower.persistence.tracking.advance(this.#consumer, position);
  }

  /** What was stored in a transaction is not in memory: what is there is out of date. */
  #forget(executables: readonly Executable[]): void {
    const { cache } = this.#follower.repository;
    for (const commands of executables.map(toCommands))
      if (!('kind' in commands)) for (const { aggregate, id } of commands) cache.forget(aggregate, id);
  }

  #originOf({ id, correlationId, tenant }: StoredEvent, index: number) {
    return {
      // Should the position be lost, as when tracking is restored from a backup, the command is known by its id.
      commandId: `${this.pipe.follower.name}:${id}:${index}`,
      correlationId: correlationId ?? undefined,
      causationId: id,
      tenant: tenant ?? undefined,
    };
  }
}

function isRefusal(error: unknown): error is LivefoldError {
  return isLivefoldError(error) && refusals.includes(error.code);
}
