import type { Sent } from './clients/writer.ts';

export type AnswerCounts = {
  readonly acknowledged: number;
  readonly duplicates: number;
  readonly counts: Readonly<Record<string, number>>;
};

/** What became of the commands, and of each try that was no answer. */
export function countAnswers(sent: readonly Sent[]): AnswerCounts {
  const answers = sent.flatMap((one) => one.answers);
  const acknowledged = sent.filter(({ answers: [first] }) => first?.receipt !== undefined).length;
  const duplicates = answers.filter(({ receipt }) => receipt?.duplicate === true).length;
  const tries = Map.groupBy(
    answers.flatMap((answer) => answer.tries),
    (code) => code,
  );
  return {
    acknowledged,
    duplicates,
    counts: {
      'commands sent': sent.length,
      'commands acknowledged': acknowledged,
      'commands rejected': sent.filter(({ answers: [first] }) => first?.rejected !== undefined).length,
      'duplicates answered': duplicates,
      ...Object.fromEntries(
        [...tries].toSorted().map(([code, { length }]) => [`tries that ended in ${code}`, length]),
      ),
    },
  };
}
