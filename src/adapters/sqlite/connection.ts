import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Sql } from './sql.ts';

/** Queries have a form each, which an application has few of; more than these are not worth their memory. */
const mostStatements = 200;

/** One connection to a file, with the statements that it prepared. Rows are arrays, in the order of the select list. */
export class Connection {
  readonly database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, { readOnly }: { readonly readOnly: boolean }) {
    this.database = new DatabaseSync(path, { readOnly });
  }

  /** Whether a transaction is open. SQLite ends one by itself when the disk is full. */
  get isInTransaction(): boolean {
    return this.database.isTransaction;
  }

  run(text: string, ...parameters: readonly SQLInputValue[]): number {
    return Number(this.#prepare(text).run(...parameters).changes);
  }

  /** The first row. `Row` is what the select list says. */
  get<Row extends readonly unknown[]>(
    text: string,
    ...parameters: readonly SQLInputValue[]
  ): Row | undefined {
    return this.#prepare(text).get(...parameters) as Row | undefined;
  }

  all<Row extends readonly unknown[]>(text: string, ...parameters: readonly SQLInputValue[]): readonly Row[] {
    return this.#prepare(text).all(...parameters) as unknown as readonly Row[];
  }

  select<Row extends readonly unknown[]>({ text, parameters }: Sql): readonly Row[] {
    return this.all(text, ...parameters);
  }

  /** Has several statements see the same state of the file. */
  atOneTime<Result>(work: () => Result): Result {
    if (this.isInTransaction) return work();
    this.run('begin');
    try {
      return work();
    } finally {
      this.run('commit');
    }
  }

  /** Runs a statement that changes rows; the answer is how many. */
  execute({ text, parameters }: Sql): number {
    return this.run(text, ...parameters);
  }

  close(): void {
    this.#statements.clear();
    this.database.close();
  }

  #prepare(text: string): StatementSync {
    const kept = this.#statements.get(text);
    if (kept !== undefined) return kept;
    const made = this.database.prepare(text);
    made.setReturnArrays(true);
    const oldest = this.#statements.keys().next();
    if (this.#statements.size >= mostStatements && oldest.done !== true)
      this.#statements.delete(oldest.value);
    this.#statements.set(text, made);
    return made;
  }
}
