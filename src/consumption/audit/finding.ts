/** One check of an audit: how much it looked at, and what it found wrong. */
export type Finding = {
  readonly check: string;
  readonly checked: number;
  /** How many faults there are, and the first of them in words: what is wrong, and where. */
  readonly faults: number;
  readonly examples: readonly string[];
  /** Why the check was not made, where it was not: its answer would mean nothing. */
  readonly skipped?: string;
  /** How many rows were left out, since something of theirs is parked. */
  readonly parked?: number;
};

/** So many faults are told of in words; the others are counted. */
const mostExamples = 20;

/** Counts what a check looks at and what it finds. */
export class Checklist {
  readonly #check: string;
  readonly #examples: string[] = [];
  #checked = 0;
  #faults = 0;
  #skipped: string | undefined;
  #parked = 0;

  constructor(check: string) {
    this.#check = check;
  }

  pass(count = 1): void {
    this.#checked += count;
  }

  fail(fault: string): void {
    this.#checked += 1;
    this.#faults += 1;
    if (this.#examples.length < mostExamples) this.#examples.push(fault);
  }

  /** Says that the check is not made. */
  skip(reason: string): void {
    this.#skipped = reason;
  }

  /** Says how many rows were left out, since something of theirs is parked. */
  park(count: number): void {
    this.#parked = count;
  }

  get finding(): Finding {
    return {
      ...{ check: this.#check, checked: this.#checked, faults: this.#faults, examples: this.#examples },
      ...(this.#skipped !== undefined && { skipped: this.#skipped }),
      ...(this.#parked > 0 && { parked: this.#parked }),
    };
  }
}
