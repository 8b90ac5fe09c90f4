import type { StoredEvent } from '../../domain/event.ts';
import { nextLogHash } from '../../persistence/archive/log-hash.ts';
import type { Position } from '../../persistence/event-store.ts';
import { type ChainLink, chainStep } from '../../persistence/log-chain.ts';
import { Checklist, type Finding } from './finding.ts';

export type HashAuditOptions = {
  readonly check: string;
  readonly links: readonly ChainLink[];
  /** Why there may be no links. */
  readonly without: string;
  /** Whether there is a link at every thousandth position up to the newest. */
  readonly isChain: boolean;
};

/**
 * Compares the log with hashes known from before. Behind a hash that differs it goes on from the one that was known, so that
 * each stretch between two of them is judged for itself.
 */
export class HashAudit {
  readonly #list: Checklist;
  readonly #known: ReadonlyMap<Position, string>;
  readonly #isChain: boolean;
  /** The hash behind the last event, as it would be had nothing differed; undefined while that is the log's own. */
  #own: string | undefined;
  #start: Position = 0;

  constructor({ check, links, without, isChain }: HashAuditOptions) {
    this.#list = new Checklist(check);
    this.#known = new Map(links.map(({ position, hash }) => [position, hash]));
    this.#isChain = isChain;
    if (links.length === 0) this.#list.skip(without);
  }

  /** Takes in the next event and the log's own hash behind it. */
  add(event: StoredEvent, hash: string): void {
    if (this.#own !== undefined) this.#own = nextLogHash(this.#own, event);
    const { position } = event;
    const known = this.#known.get(position);
    if (known === undefined) return;
    if (known === (this.#own ?? hash)) this.#list.pass();
    else {
      this.#list.fail(`positions ${this.#start + 1} to ${position} are not what they were`);
      this.#own = known;
    }
    this.#start = position;
  }

  conclude(head: Position): Finding {
    const newest = Math.max(0, ...this.#known.keys());
    for (const position of this.#known.keys())
      if (position > head) this.#list.fail(`the log ends before position ${position}, whose hash is known`);
    for (let position = chainStep; this.#isChain && position < newest; position += chainStep)
      if (!this.#known.has(position)) this.#list.fail(`the chain has no link at position ${position}`);
    return this.#list.finding;
  }
}
