/** One behaviour that must hold, told in a sentence and proven on an empty subject of its own. Throws when it does not hold. */
export type ContractCase<Subject> = {
  readonly name: string;
  /** `another` opens the same subject a second time, as another process would. */
  run(subject: Subject, another: () => Promise<Subject>): Promise<void>;
};
